# Every module depends on builtins, whether it says so or not.
export object
