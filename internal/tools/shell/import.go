package shell

import (
	"bytes"
	"context"
	"fmt"
	pathpkg "path"
	"regexp"
	"slices"

	"github.com/zklab/zklab/internal/zk/client"
	"github.com/zklab/zklab/internal/zk/wire"
)

type importOptions struct {
	dryRun, yes, parents, ephemerals bool
	noACL                            *bool
	limit                            *int
}

// sequential matches the paths of znodes that a server numbered.
var sequential = regexp.MustCompile(`\d{10}$`)

// importResult is the result of an import.
type importResult struct {
	File string `json:"file"`
	Path string `json:"path"`
	// Created has the paths of new znodes, Set the paths of znodes whose data was written, and ACL
	// the paths of znodes whose permissions were written.
	Created    []string `json:"created"`
	Set        []string `json:"set"`
	ACL        []string `json:"acl"`
	Same       int      `json:"same"`
	Ephemerals int      `json:"skipped"` // left out
	DryRun     bool     `json:"dry_run,omitempty"`
	// Renumbered has the paths of new znodes with sequential ones below: the next number is one that was given before.
	Renumbered []string `json:"renumbered,omitempty"`
}

func (r importResult) text(p *page) {
	list := func(what string, paths []string) {
		for _, path := range paths {
			p.printf("%s %s\n", what, legible(path))
		}
	}
	if r.DryRun {
		list("create", r.Created)
		list("set", r.Set)
		list("acl set", r.ACL)
	}
	form := "created %d znodes, wrote the data of %d and the permissions of %d; %d were the same already\n"
	if r.DryRun {
		form = "would create %d znodes, write the data of %d and the permissions of %d; %d are the same already\n"
	}
	p.printf(form, len(r.Created), len(r.Set), len(r.ACL), r.Same)
	if r.Ephemerals > 0 {
		p.printf("left out %d ephemeral znodes\n", r.Ephemerals)
	}
	for _, path := range r.Renumbered {
		p.printf("warning: the next sequential znode below %s has a number that may have been given before the export\n", legible(path))
	}
}

func (s *Shell) importFrom(ctx context.Context, args []string, o importOptions) error {
	if err := checkFile("import", args[0]); err != nil {
		return err
	}
	want, err := readExport(args[0])
	if err != nil {
		return err
	}
	to, err := s.place(ctx, args[1])
	if err != nil {
		return err
	}
	defer to.leave()
	there, err := to.whatIsThere(ctx, to.path)
	if err != nil {
		return err
	}
	w := writePlan{name: "import", to: to.path, limit: *o.limit}
	r := importResult{File: args[0], Path: args[1], DryRun: o.dryRun, Created: []string{}, Set: []string{}, ACL: []string{}}
	for _, n := range want {
		if err := r.add(&w, n, there, o); err != nil {
			return err
		}
	}
	if o.dryRun {
		return s.emit(r)
	}
	if s.Ask != nil && !o.yes && len(r.Set)+len(r.ACL) > 0 {
		ok, err := s.Ask(fmt.Sprintf("overwrite the data of %d znodes and the permissions of %d at %s?", len(r.Set), len(r.ACL), quote(to.path)))
		if err != nil || !ok {
			return err
		}
	}
	if o.parents {
		if err := to.parents(ctx, to.path); err != nil {
			return err
		}
	}
	if err := to.carryOut(ctx, &w); err != nil {
		if missing(err) && !o.parents && len(there) == 0 {
			return &explained{"import " + quote(to.path) + ": its parent does not exist: -p creates it", err}
		}
		return err
	}
	return s.emit(r)
}

// whatIsThere returns the znodes of the subtree at a path, by their paths. It returns none if the
// path does not exist.
func (s *Shell) whatIsThere(ctx context.Context, path string) (map[string]znode, error) {
	there := make(map[string]znode)
	tree, err := s.take(ctx, path, -1, true)
	if missing(err) {
		return there, nil
	}
	if err == nil && len(tree.Unread) > 0 { // import has to know what it overwrites
		return there, did("read", tree.Unread[0].Path, tree.Unread[0].err)
	}
	for _, n := range tree.znodes {
		there[n.path] = n
	}
	return there, err
}

// add adds to a plan the writes that make a znode equal to the one in the export.
func (r *importResult) add(w *writePlan, want znode, there map[string]znode, o importOptions) error {
	path := join(w.to, want.path)
	if parent := pathpkg.Dir(path); sequential.MatchString(path) && slices.Contains(r.Created, parent) && !slices.Contains(r.Renumbered, parent) {
		r.Renumbered = append(r.Renumbered, parent)
	}
	if ephemeral(want.stat) && !o.ephemerals {
		r.Ephemerals++
		return nil
	}
	if *o.noACL {
		want.acl = nil
	} else if err := told(want.acl); err != nil {
		return did("import", path, err)
	}
	now, ok := there[want.path]
	if !ok {
		r.Created = append(r.Created, path)
		if ephemeral(want.stat) {
			w.ops = append(w.ops, client.CreateOp(path, want.data, want.acl, wire.Ephemeral, 0))
		} else {
			w.create(want)
		}
		return nil
	}
	if ephemeral(now.stat) != ephemeral(want.stat) {
		return &explained{fmt.Sprintf("import %s: the znode and the one in the export are not both ephemeral", quote(path)), wire.NodeExists}
	}
	sameData, sameACL := sameBytes(now.data, want.data), want.acl == nil || slices.Equal(now.acl, want.acl)
	if !sameData {
		r.Set = append(r.Set, path)
		w.ops = append(w.ops, setOf(path, want.data, now.stat.Version))
	}
	if !sameACL {
		r.ACL = append(r.ACL, path)
		w.acls = append(w.acls, aclChange{path, want.acl, now.stat.Aversion, 0})
	}
	if sameData && sameACL {
		r.Same++
	}
	return nil
}

// sameBytes compares data. Null differs from no bytes, as it does for servers.
func sameBytes(a, b []byte) bool { return bytes.Equal(a, b) && (a == nil) == (b == nil) }
