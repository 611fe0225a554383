package link

import (
	"fmt"
	"path"
	"strings"
)

// checkPattern returns what is wrong with the Path of a rule.
func checkPattern(pattern string) error {
	if _, err := path.Match(pattern, "/"); err != nil {
		return fmt.Errorf("path %q: %w", pattern, err)
	}
	return nil
}

// matchesPath reports whether the Path of a rule, not empty, matches a znode.
func matchesPath(pattern, znode string) bool {
	if strings.ContainsAny(pattern, `*?[\`) {
		ok, _ := path.Match(pattern, znode)
		return ok
	}
	dir := strings.TrimSuffix(pattern, "/")
	return znode == pattern || strings.HasPrefix(znode, dir) && strings.HasPrefix(znode[len(dir):], "/")
}
