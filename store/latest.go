package store

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/zklab/zklab/internal/base/atomicfile"
)

// Latest is the name of the link to the newest run, and what [Open] calls that run.
const Latest = "latest"

// setLatest makes root/latest lead to a run's folder, named relative to root,
// so that the store can be moved. Readers see the old run or the new one. Where
// the file system has no links, latest is a text file with the same content.
func setLatest(root, target string) error {
	link := filepath.Join(root, Latest)
	if info, err := os.Lstat(link); err == nil && info.IsDir() {
		return fmt.Errorf("%s is a folder, and should be the link to the newest run: move it away", link)
	}
	// A name of this run's own: other runs may be doing the same.
	temp := filepath.Join(root, "."+Latest+"-"+strings.ReplaceAll(filepath.ToSlash(target), "/", "-"))
	os.Remove(temp) // of a crash
	var err error
	if symlink(target, temp) != nil {
		err = atomicfile.Write(link, 0o644, []byte(target+"\n"))
	} else if err = atomicfile.Rename(temp, link); err != nil {
		os.Remove(temp)
	}
	if err != nil {
		return fmt.Errorf("link the newest run: %w", err)
	}
	return nil
}

// symlink can be replaced by a test.
var symlink = os.Symlink

// readLatest is the folder that a latest without links leads to; empty if path
// is no such file.
func readLatest(path string) string {
	info, err := os.Stat(path)
	if err != nil || filepath.Base(path) != Latest || info.IsDir() || info.Size() > 4096 {
		return ""
	}
	b, err := os.ReadFile(path)
	target := strings.TrimSpace(string(b))
	if err != nil || target == "" || strings.HasPrefix(target, "{") {
		return ""
	}
	return filepath.Join(filepath.Dir(path), target)
}

// repairLatest makes the newest run the latest, after the one that was is gone.
func repairLatest(root string) error {
	link := filepath.Join(root, Latest)
	if dir := readLatest(link); dir != "" {
		if _, err := os.Stat(dir); err == nil {
			return nil
		}
	} else if _, err := os.Stat(link); err == nil {
		return nil
	}
	runs, err := Find(root)
	if err != nil {
		return err
	}
	if len(runs) == 0 {
		os.Remove(link)
		return nil
	}
	target, err := filepath.Rel(root, runs[0].Dir)
	if err != nil {
		return fmt.Errorf("link the newest run: %w", err)
	}
	return setLatest(root, target)
}
