package version

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// Path is the path of zklab's module.
const Path = path

// Clone returns the folder of the clone from which this program was built. It returns "" if the program was
// built from a published module, if it does not record where its source was (go build -trimpath), or if
// the folder is no longer there.
func Clone() string {
	_, file, _, ok := runtime.Caller(0)
	if !ok {
		return ""
	}
	return cloneOf(file)
}

// cloneOf returns the clone that contains this package's source file.
func cloneOf(file string) string {
	root, below := strings.CutSuffix(filepath.ToSlash(file), "/internal/base/version/clone.go")
	if !below || !filepath.IsAbs(root) || strings.Contains(filepath.Base(root), "@") { // of the module cache
		return ""
	}
	if text, err := os.ReadFile(filepath.Join(root, "go.mod")); err != nil || !strings.HasPrefix(string(text), "module "+path+"\n") {
		return ""
	}
	return filepath.FromSlash(root)
}
