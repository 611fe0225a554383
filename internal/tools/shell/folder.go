package shell

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// In a folder of an export each znode is a folder inside the folder of its parent. It has two
// files: the data, and the rest as JSON. The names of these files begin with @, which no name of
// a znode's folder does. All access goes through one os.Root, so that no path is too long, and no
// path leads out of the folder.

const (
	dataFile = "@data" // missing if the server has null
	restFile = "@znode.json"
	headFile = "@export.json" // only in the root's folder
)

// rest is a znode without its data.
type rest struct {
	Name  string        `json:"name,omitempty"` // the znode's name, which the name of the folder may not contain
	ACL   *[]permission `json:"acl,omitempty"`
	Owner string        `json:"owner,omitempty"`
}

// longestName is the length, in bytes, of the longest folder name that contains the whole name of a
// znode. File systems allow 255.
const longestName = 200

// folderName returns the name of a znode's folder. Letters, digits and a few other characters stay.
// Every other byte, and a dot at the beginning, becomes %XX. A name that is too long is cut and ends
// with a hash.
func folderName(name string) string {
	var b strings.Builder
	for i := range len(name) {
		c := name[i]
		plain := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-_=+,", c) >= 0 || c == '.' && i > 0
		if plain {
			b.WriteByte(c)
			continue
		}
		fmt.Fprintf(&b, "%%%02X", c)
	}
	if b.Len() <= longestName {
		return b.String()
	}
	return fmt.Sprintf("%s@%x", b.String()[:100], sha256.Sum256([]byte(name)))
}

// folderOf returns the path of a znode's folder in an export.
func folderOf(znode string) string {
	names := []string{"."}
	for name := range strings.SplitSeq(strings.TrimPrefix(znode, "/"), "/") {
		if name != "" {
			names = append(names, folderName(name))
		}
	}
	return path.Join(names...)
}

// replaceFolder writes a new folder beside the old one, and then renames it. It replaces only an
// export or an empty folder.
func replaceFolder(ctx context.Context, name string, all []znode) (err error) {
	old, err := replaceable(name)
	if err != nil {
		return err
	}
	made, err := os.MkdirTemp(filepath.Dir(name), "."+filepath.Base(name)+"-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(made)) }()
	fresh := filepath.Join(made, "new")
	if err := writeFolder(ctx, fresh, all); err != nil {
		return err
	}
	if old {
		return swap(name, fresh, filepath.Join(made, "old"))
	}
	return os.Rename(fresh, name)
}

// swap moves the folder name to old, and the folder fresh to name. If the second step fails, it
// moves the old folder back.
func swap(name, fresh, old string) error {
	if err := os.Rename(name, old); err != nil {
		return err
	}
	err := os.Rename(fresh, name)
	if err != nil {
		err = errors.Join(err, os.Rename(old, name))
	}
	return err
}

// replaceable reports whether a folder exists that may be replaced. It returns an error if one exists
// that may not.
func replaceable(name string) (there bool, err error) {
	entries, err := os.ReadDir(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, err
	case len(entries) == 0:
		return true, nil
	}
	if _, err := readFolder(name); err != nil {
		return false, usagef("%s cannot be replaced: %v: choose another folder", quote(name), err)
	}
	return true, nil
}

func writeFolder(ctx context.Context, name string, all []znode) error {
	if err := os.Mkdir(name, 0o700); err != nil {
		return err
	}
	root, err := os.OpenRoot(name)
	if err != nil {
		return err
	}
	defer root.Close()
	if err := writeJSON(root, headFile, exportHead{exportFormat, exportVersion}); err != nil {
		return err
	}
	for _, n := range all {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := writeZnode(root, n); err != nil {
			return fmt.Errorf("%s: %w", quote(n.path), err)
		}
	}
	return nil
}

func writeZnode(root *os.Root, n znode) error {
	folder := folderOf(n.path)
	if folder != "." {
		if err := root.Mkdir(folder, 0o700); errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("two names differ only in upper and lower case, which this file system does not distinguish: export to a JSON file")
		} else if err != nil {
			return err
		}
	}
	e := exportedOf(n)
	r := rest{ACL: e.ACL, Owner: e.Owner, Name: n.path[lastSlash(n.path)+1:]}
	if n.data != nil {
		if err := root.WriteFile(path.Join(folder, dataFile), n.data, 0o600); err != nil {
			return err
		}
	}
	return writeJSON(root, path.Join(folder, restFile), r)
}

func writeJSON(root *os.Root, name string, v any) error {
	line, err := encode(v)
	if err != nil {
		return err
	}
	return root.WriteFile(name, line, 0o600)
}

func readFolder(name string) ([]znode, error) {
	root, err := os.OpenRoot(filepath.Clean(name))
	if err != nil {
		return nil, err
	}
	defer root.Close()
	var head exportHead
	if err := readJSON(root, headFile, &head); errors.Is(err, fs.ErrNotExist) {
		return nil, usagef("not an export: it has no %s", headFile)
	} else if err != nil {
		return nil, err
	}
	if err := head.check(); err != nil {
		return nil, err
	}
	var all []znode
	todo := []found{{".", ""}}
	for len(todo) > 0 {
		n, below, err := readZnode(root, todo[0])
		if err != nil {
			return nil, err
		}
		all, todo = append(all, n), append(todo[1:], below...)
	}
	return all, whole(all)
}

// found is the folder of a znode, with the path of the parent znode.
type found struct{ folder, parent string }

// readZnode reads the znode of a folder, and returns the folders inside.
func readZnode(root *os.Root, at found) (n znode, below []found, err error) {
	var r rest
	if err := readJSON(root, path.Join(at.folder, restFile), &r); errors.Is(err, fs.ErrNotExist) {
		return n, nil, usagef("%s has no %s: it is not the folder of a znode", at.folder, restFile)
	} else if err != nil {
		return n, nil, err
	}
	if at.folder != "." {
		n.path = at.parent + "/" + r.Name
		if path.Base(at.folder) != folderName(r.Name) {
			return n, nil, usagef("%s: its %s names znode %s, whose folder would be %s", at.folder, restFile, quote(r.Name), folderName(r.Name))
		}
	}
	e := exported{Path: n.path, ACL: r.ACL, Owner: r.Owner}
	entries, err := fs.ReadDir(root.FS(), at.folder)
	if err != nil {
		return n, nil, err
	}
	for _, entry := range entries {
		name := path.Join(at.folder, entry.Name())
		switch {
		case entry.Name() == dataFile && entry.Type().IsRegular():
			if e.Data, err = root.ReadFile(name); err != nil {
				return n, nil, err
			}
		case entry.Name() == restFile, entry.Name() == headFile && at.folder == ".":
		case entry.IsDir():
			below = append(below, found{name, n.path})
		default:
			return n, nil, usagef("%s does not belong to an export", quote(name))
		}
	}
	if n, err = e.znode(); err != nil {
		return n, nil, usagef("%s: %v", at.folder, err)
	}
	return n, below, nil
}

func readJSON(root *os.Root, name string, to any) error {
	info, err := root.Lstat(name)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return usagef("%s is not a regular file", name)
	}
	text, err := root.ReadFile(name)
	if err != nil {
		return err
	}
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.DisallowUnknownFields()
	if err := d.Decode(to); err != nil {
		return usagef("%s: %v", name, err)
	}
	return nil
}
