package shell

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/zklab/zklab/internal/base/atomicfile"
	"github.com/zklab/zklab/internal/zk/wire"
)

// An export is a JSON file or a folder (folder.go). The same znodes always give the same bytes: an
// export has the znodes in the order of a walk, without versions and times.

// The format and version in an export.
const (
	exportFormat  = "zklab znodes"
	exportVersion = 1
)

type exportHead struct {
	Format  string `json:"format"`
	Version int    `json:"version"`
}

func (h exportHead) check() error {
	switch {
	case h.Format != exportFormat:
		return usagef("not an export: its format is %s, not %q", quote(h.Format), exportFormat)
	case h.Version != exportVersion:
		return usagef("unsupported version %d: this zklab reads version %d", h.Version, exportVersion)
	}
	return nil
}

// exportFile is a JSON file of a subtree.
type exportFile struct {
	exportHead
	Znodes []exported `json:"znodes"`
}

// exported is a znode in an export.
type exported struct {
	Path string `json:"path"` // relative to the root, whose path is ""
	// Data are null if the server has null, which differs from no bytes.
	Data  content       `json:"data"`
	ACL   *[]permission `json:"acl,omitempty"`   // null: not known
	Owner string        `json:"owner,omitempty"` // the session of an ephemeral znode
}

func exportedOf(n znode) exported {
	e := exported{Path: n.path, Data: n.data, ACL: permissionsOf(n.acl)}
	if ephemeral(n.stat) {
		e.Owner = sessionName(n.stat.EphemeralOwner)
	}
	return e
}

func permissionsOf(acl []wire.ACL) *[]permission {
	if acl == nil {
		return nil
	}
	list := aclOf("", acl, 0).ACL
	return &list
}

func (e exported) znode() (n znode, err error) {
	n = znode{path: e.Path, data: e.Data}
	if n.acl, err = aclIn(e.ACL); err != nil {
		return n, err
	}
	if e.Owner != "" {
		n.stat.EphemeralOwner, err = parseSession(e.Owner)
	}
	return n, err
}

func aclIn(list *[]permission) (acl []wire.ACL, err error) {
	if list == nil {
		return nil, nil
	}
	acl = []wire.ACL{}
	for _, p := range *list {
		granted, err := parsePerms(p.Permissions)
		if err != nil {
			return nil, err
		}
		acl = append(acl, wire.ACL{Perms: granted, ID: wire.ID{Scheme: p.Scheme, ID: p.ID}})
	}
	return acl, nil
}

// encodeExport encodes znodes as JSON with a line for each znode, so that tools that compare
// lines find the differences.
func encodeExport(all []znode) ([]byte, error) {
	var b bytes.Buffer
	head, err := json.Marshal(exportHead{exportFormat, exportVersion})
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(&b, "%s,\"znodes\":[", bytes.TrimSuffix(head, []byte("}")))
	for i, n := range all {
		if !utf8.ValidString(n.path) {
			return nil, fmt.Errorf("%s: the path is not valid UTF-8", quote(n.path))
		}
		line, err := encode(exportedOf(n))
		if err != nil {
			return nil, err
		}
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('\n')
		b.Write(bytes.TrimSuffix(line, []byte("\n")))
	}
	b.WriteString("\n]}\n")
	return b.Bytes(), nil
}

func decodeExport(text []byte) ([]znode, error) {
	var head exportHead
	if err := json.Unmarshal(text, &head); err != nil {
		return nil, usagef("not an export in JSON: %v", err)
	}
	if err := head.check(); err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields() // an unknown field would be lost
	var file exportFile
	if err := d.Decode(&file); err != nil {
		return nil, usagef("not an export in JSON: %v", err)
	}
	all := make([]znode, 0, len(file.Znodes))
	for _, e := range file.Znodes {
		n, err := e.znode()
		if err != nil {
			return nil, usagef("znode %s: %v", quote(e.Path), err)
		}
		all = append(all, n)
	}
	return all, whole(all)
}

// whole sorts znodes in the order of a walk. It returns an error if they are not one subtree.
func whole(all []znode) error {
	slices.SortFunc(all, func(a, b znode) int { return compare(a.path, b.path) })
	there := make(map[string]bool, len(all))
	for _, n := range all {
		parent, name := "", ""
		if i := strings.LastIndexByte(n.path, '/'); i >= 0 {
			parent, name = n.path[:i], n.path[i+1:]
		}
		switch {
		case there[n.path]:
			return usagef("znode %s occurs twice", quote(n.path))
		case n.path != "" && (name == "" || name == "." || name == ".." || strings.ContainsRune(name, 0)):
			return usagef("invalid path %s: a path begins with / and has a name after each /", quote(n.path))
		case n.path != "" && !there[parent]:
			return usagef("znode %s has no parent: %s is missing", quote(n.path), quote(parent))
		}
		there[n.path] = true
	}
	if len(all) == 0 {
		return usagef("the export has no znodes")
	}
	return nil
}

// isFile reports whether a word names a JSON file or a folder rather than a znode.
func isFile(word string) bool { return strings.HasSuffix(word, ".json") || isFolder(word) }

func isFolder(word string) bool { return strings.HasSuffix(word, "/") && word != "/" }

// checkFile returns an error if a word does not name a JSON file or a folder.
func checkFile(command, word string) error {
	if isFile(word) {
		return nil
	}
	return usagef("%s: %s is neither a JSON file nor a folder: end the name of a file with .json, the name of a folder with /", command, quote(word))
}

// readExport reads what writeExport wrote.
func readExport(name string) (all []znode, err error) {
	if isFolder(name) {
		all, err = readFolder(name)
	} else {
		var text []byte
		if text, err = os.ReadFile(name); err == nil {
			all, err = decodeExport(text)
		}
	}
	if _, ok := errors.AsType[errUsage](err); ok {
		err = usagef("%s: %v", quote(name), err)
	}
	return all, err
}

// writeExport writes a file or a folder, all or nothing: it replaces an old one of that name only
// after it has written everything.
func (s *Shell) writeExport(ctx context.Context, name string, all []znode) error {
	if isFolder(name) {
		return replaceFolder(ctx, filepath.Clean(name), all)
	}
	text, err := encodeExport(all)
	if err != nil {
		return err
	}
	return atomicfile.Write(name, 0o600, text) // znodes may have secrets
}
