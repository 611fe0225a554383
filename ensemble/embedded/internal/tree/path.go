package tree

import "unicode/utf8"

// ValidPath reports whether a znode may be called path ("Programmer's Guide, Data Model"). Paths that
// are not valid UTF-8, or have characters beyond the basic plane, are not valid: Java's server sees
// replacement characters and surrogates in them.
func ValidPath(path string) bool {
	if path == "/" {
		return true
	}
	if path == "" || path[0] != '/' {
		return false
	}
	start := 1 // of the present name
	for i := 1; i < len(path); {
		r, n := rune(path[i]), 1
		if r >= utf8.RuneSelf {
			r, n = utf8.DecodeRuneInString(path[i:])
		}
		switch {
		case r == '/':
			if !validName(path[start:i]) {
				return false
			}
			start = i + 1
		case !validRune(r):
			return false
		}
		i += n
	}
	return validName(path[start:])
}

func validName(name string) bool { return name != "" && name != "." && name != ".." }

func validRune(r rune) bool {
	switch {
	case r <= 0x1f, r >= 0x7f && r <= 0x9f, r >= 0xd800 && r <= 0xf8ff, r >= 0xfff0:
		return false
	}
	return true
}
