package shell

import (
	"os"
	"testing"
)

// The old folder is restored if the new one cannot take its place.
func TestFolderThatCannotBeReplaced(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(dir+"/x", 0o700); err != nil {
		t.Fatal(err)
	}
	if err := swap(dir+"/x", dir+"/fresh", dir+"/old"); err == nil {
		t.Error("there is nothing to put there")
	}
	if _, err := os.Stat(dir + "/x"); err != nil {
		t.Error(err)
	}
}
