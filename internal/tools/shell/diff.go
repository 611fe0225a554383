package shell

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/zklab/zklab/internal/zk/wire"
)

func bindDiff(f *pflag.FlagSet) run {
	noACL := noACLFlag(f, "ignore permissions")
	ephemerals := f.Bool("ephemerals", false, "also compare ephemeral znodes, whichever session owns them")
	return func(s *Shell, ctx context.Context, args []string) error {
		return s.diff(ctx, args, *noACL, *ephemerals)
	}
}

// How a znode differs.
const (
	onlyFirst  = "-"
	onlySecond = "+"
	notSame    = "~"
)

type difference struct {
	How  string   `json:"how"`
	Path string   `json:"path"` // relative to the root, whose path is ""
	What []string `json:"what,omitempty"`
}

type diffResult struct {
	First       string       `json:"first"`
	Second      string       `json:"second"`
	Differences []difference `json:"differences"`
	// Hidden counts the permissions for which servers sent only the users, without hashes.
	Hidden int `json:"hidden,omitempty"`
	unsteady
	unread
}

func (r diffResult) text(p *page) {
	for _, d := range r.Differences {
		path := cmp.Or(d.Path, "/")
		p.printf("%s %s", d.How, legible(path))
		if len(d.What) > 0 {
			p.printf(" %s", legible(strings.Join(d.What, ", ")))
		}
		p.printf("\n")
	}
	if r.Hidden > 0 {
		p.printf("%d lists of permissions were compared without hashes, which servers hid: authenticate with auth\n", r.Hidden)
	}
	r.unsteady.text(p)
	r.unread.text(p)
}

func (s *Shell) diff(ctx context.Context, args []string, noACL, ephemerals bool) error {
	var sides [2]subtree
	var left unread // relative to the roots
	for i, arg := range args {
		var err error
		if sides[i], err = s.side(ctx, arg); err != nil {
			return err
		}
		for _, z := range sides[i].Unread {
			left.Unread = append(left.Unread, unreadZnode{Path: strings.TrimPrefix(z.Path, strings.TrimSuffix(sides[i].root, "/"))})
		}
	}
	r := diffResult{First: args[0], Second: args[1], Differences: []difference{}}
	r.Changed = append(sides[0].Changed, sides[1].Changed...)
	r.Unread = append(sides[0].Unread, sides[1].Unread...)
	r.compare(sides[0].seen(left, noACL, ephemerals), sides[1].seen(left, noACL, ephemerals))
	if err := s.emit(r); err != nil {
		return err
	}
	if err := r.err(); err != nil {
		return err
	}
	if len(r.Differences) > 0 {
		return codedError{code: NotFound}
	}
	return nil
}

// side reads one side of a diff: a subtree or an export.
func (s *Shell) side(ctx context.Context, word string) (t subtree, err error) {
	if _, _, other := otherEnsemble(word); !other && isFile(word) {
		t.znodes, err = readExport(word)
		return t, err
	}
	at, err := s.place(ctx, word)
	if err != nil {
		return t, err
	}
	defer at.leave()
	return at.take(ctx, at.path, -1, true)
}

// seen returns the znodes to compare, without the parts to ignore: what one side could not read is left
// out on both sides.
func (t subtree) seen(left unread, noACL, ephemerals bool) []znode {
	all := t.znodes
	if !ephemerals {
		all, _ = t.lasting()
	}
	all = slices.DeleteFunc(slices.Clone(all), func(n znode) bool { return left.has(n.path) })
	for i := range all {
		if noACL {
			all[i].acl = nil
		}
	}
	return all
}

// compare adds the differences between two lists of znodes, which are in the same order.
func (r *diffResult) compare(a, b []znode) {
	for len(a)+len(b) > 0 {
		order := 0
		switch {
		case len(a) == 0:
			order = 1
		case len(b) == 0:
			order = -1
		default:
			order = compare(a[0].path, b[0].path)
		}
		switch {
		case order < 0:
			r.add(onlyFirst, a[0].path)
			a = a[1:]
		case order > 0:
			r.add(onlySecond, b[0].path)
			b = b[1:]
		default:
			if what := r.unlike(a[0], b[0]); len(what) > 0 {
				r.add(notSame, a[0].path, what...)
			}
			a, b = a[1:], b[1:]
		}
	}
}

func (r *diffResult) add(how, path string, what ...string) {
	r.Differences = append(r.Differences, difference{how, path, what})
}

// unlike returns what differs between two znodes. Unknown permissions never differ.
func (r *diffResult) unlike(a, b znode) (what []string) {
	if ephemeral(a.stat) != ephemeral(b.stat) {
		what = append(what, "ephemeral")
	}
	if !sameBytes(a.data, b.data) {
		what = append(what, fmt.Sprintf("data (%s, %s)", sizeOf(a.data), sizeOf(b.data)))
	}
	if a.acl == nil || b.acl == nil {
		return what
	}
	if told(a.acl) != nil || told(b.acl) != nil {
		r.Hidden++
		a.acl, b.acl = hide(a.acl), hide(b.acl)
	}
	if !slices.Equal(a.acl, b.acl) {
		what = append(what, fmt.Sprintf("acl (%s, %s)", aclText(a.acl), aclText(b.acl)))
	}
	return what
}

func sizeOf(data []byte) string {
	if data == nil {
		return "null"
	}
	return fmt.Sprintf("%d bytes", len(data))
}

// hide replaces the hashes of digests by x, as servers do for clients that may not change permissions.
func hide(acl []wire.ACL) []wire.ACL {
	acl = slices.Clone(acl)
	for i := range acl {
		if user, _, ok := strings.Cut(acl[i].ID.ID, ":"); ok && acl[i].ID.Scheme == digest {
			acl[i].ID.ID = user + ":x"
		}
	}
	return acl
}

func aclText(acl []wire.ACL) string {
	var all []string
	for _, a := range acl {
		all = append(all, a.ID.Scheme+":"+a.ID.ID+":"+a.Perms.Letters())
	}
	return strings.Join(all, ",")
}
