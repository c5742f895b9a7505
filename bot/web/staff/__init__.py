"""The pages of library staff, under ``/staff``: sign in, look up, the queue, a chat, practice, what is wrong."""
