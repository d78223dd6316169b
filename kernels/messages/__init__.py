"""Message passing that gathers, combines and reduces in one pass."""
