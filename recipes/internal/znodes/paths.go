package znodes

import (
	"strings"

	"github.com/go-zookeeper/zk"
)

// Parent returns the path above path.
func Parent(path string) string {
	if i := strings.LastIndexByte(path, '/'); i > 0 {
		return path[:i]
	}
	return "/"
}

// Join appends a child's name to a path.
func Join(path, name string) string {
	if path == "/" {
		return "/" + name
	}
	return path + "/" + name
}

// Base returns the last name of a path.
func Base(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

// CheckPath returns an error for a path that the server would refuse.
func CheckPath(path string) error {
	if path == "" || path[0] != '/' || strings.HasSuffix(path, "/") || strings.ContainsRune(path, 0) {
		return zk.ErrInvalidPath
	}
	for name := range strings.SplitSeq(path[1:], "/") {
		if name == "" || name == "." || name == ".." {
			return zk.ErrInvalidPath
		}
	}
	return nil
}
