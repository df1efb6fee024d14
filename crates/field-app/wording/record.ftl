# Recording.
