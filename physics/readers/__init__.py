"""One module for every format: how it is recognised, which cases it holds, what is in one."""
