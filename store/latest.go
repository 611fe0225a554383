package store

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/zklab/zklab/internal/base/atomicfile"
)

// Latest is the name of the link to the newest run, and the name by which [Open] finds that run.
const Latest = "latest"

// setLatest points root/latest to a run's folder. The path is relative to root, so that the store
// can be moved. Readers see either the old run or the new one. On a file system without links,
// latest is a text file that contains the path.
func setLatest(root, target string) error {
	link := filepath.Join(root, Latest)
	if info, err := os.Lstat(link); err == nil && info.IsDir() {
		return fmt.Errorf("%s is a folder, but should be the link to the newest run: move it away", link)
	}
	// The name is unique to this run: other runs may set latest at the same time.
	temp := filepath.Join(root, "."+Latest+"-"+strings.ReplaceAll(filepath.ToSlash(target), "/", "-"))
	os.Remove(temp) // left by a crash
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

// symlink creates a link. Tests replace it.
var symlink = os.Symlink

// readLatest returns the folder that a latest file names, or "" if path is no such file.
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

// repairLatest makes the newest run the latest after the previous latest run was removed.
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
