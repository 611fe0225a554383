package shell

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/spf13/pflag"

	"github.com/zklab/zklab/internal/base/printable"
	"github.com/zklab/zklab/internal/zk/wire"
)

// This file has the commands that read znodes.

func bindLs(f *pflag.FlagSet) run {
	long := f.BoolP("long", "l", false, "print the metadata of each child")
	recursive := f.BoolP("recursive", "R", false, "list the paths of the whole subtree, the znode first")
	return func(s *Shell, ctx context.Context, args []string) error {
		if *recursive && *long {
			return usagef("ls: -R lists paths only: leave out -l, or pass the paths to stat")
		}
		path, err := s.here(args)
		switch {
		case err != nil:
			return err
		case *recursive:
			return s.find(ctx, []string{path}, anything)
		}
		return s.list(ctx, path, *long)
	}
}

func (s *Shell) cd(ctx context.Context, args []string) error {
	if len(args) == 0 {
		s.folder = ""
		return nil
	}
	path, err := s.at(args[0])
	if err == nil {
		_, err = s.Client.Exists(ctx, path, false)
		err = did("cd", path, err)
	}
	if err == nil {
		s.folder = path
	}
	return err
}

func (s *Shell) pwd(context.Context, []string) error { return s.emit(pathResult{s.Folder()}) }

func bindTree(f *pflag.FlagSet) run {
	depth := f.IntP("depth", "L", -1, "number of levels below the first; all if negative")
	return func(s *Shell, ctx context.Context, args []string) error {
		path, err := s.here(args)
		if err != nil {
			return err
		}
		all, err := s.survey(ctx, path, *depth)
		if err != nil {
			return err
		}
		return s.emit(treeOf(all))
	}
}

func bindCat(f *pflag.FlagSet) run {
	raw := f.Bool("raw", false, "do not indent or shorten data on a terminal (control characters are still escaped)")
	return func(s *Shell, ctx context.Context, args []string) error {
		for _, arg := range args {
			if err := s.cat(ctx, arg, *raw); err != nil {
				return err
			}
		}
		return nil
	}
}

func (s *Shell) stat(ctx context.Context, args []string) error {
	for _, arg := range args {
		path, err := s.at(arg)
		if err != nil {
			return err
		}
		stat, err := s.Client.Exists(ctx, path, false)
		if err != nil {
			return did("stat", path, err)
		}
		if err := s.emit(statOf(path, stat)); err != nil {
			return err
		}
	}
	return nil
}

// pathResult is a result that is only a path.
type pathResult struct {
	Path string `json:"path"`
}

func (r pathResult) text(p *page) { p.printf("%s\n", legible(r.Path)) }

// statResult shows what a server reports about a znode besides its data.
type statResult struct {
	Path        string     `json:"path"`
	Version     int32      `json:"version"`
	Bytes       int32      `json:"bytes"`
	Children    int32      `json:"children"`
	Cversion    int32      `json:"cversion"`
	Aversion    int32      `json:"aversion"`
	Owner       string     `json:"owner,omitempty"` // the session that owns an ephemeral znode
	Created     *time.Time `json:"created,omitempty"`
	CreatedAt   zxid       `json:"czxid"`
	Modified    *time.Time `json:"modified,omitempty"`
	ModifiedAt  zxid       `json:"mzxid"`
	ChildrenSet zxid       `json:"pzxid"`
}

// zxid is a zxid that is written in hexadecimal, as in the logs of servers.
type zxid int64

func (z zxid) String() string { return fmt.Sprintf("0x%x", uint64(z)) }

// MarshalText returns the same text as String.
func (z zxid) MarshalText() ([]byte, error) { return []byte(z.String()), nil }

// UnmarshalText is the inverse of MarshalText.
func (z *zxid) UnmarshalText(b []byte) error {
	n, err := strconv.ParseUint(string(b), 0, 64)
	*z = zxid(n)
	return err
}

func statOf(path string, s wire.Stat) statResult {
	r := statResult{
		Path: path, Version: s.Version, Bytes: s.DataLength, Children: s.NumChildren,
		Cversion: s.Cversion, Aversion: s.Aversion, Created: moment(s.Ctime), Modified: moment(s.Mtime),
		CreatedAt: zxid(s.Czxid), ModifiedAt: zxid(s.Mzxid), ChildrenSet: zxid(s.Pzxid),
	}
	if ephemeral(s) {
		r.Owner = sessionName(s.EphemeralOwner)
	}
	return r
}

func sessionName(id int64) string { return fmt.Sprintf("0x%x", uint64(id)) }

// moment returns a time of a stat. It returns nil for znodes that the server created itself, which
// have no times.
func moment(ms int64) *time.Time {
	if ms == 0 {
		return nil
	}
	t := time.UnixMilli(ms).UTC()
	return &t
}

func (r statResult) text(p *page) {
	p.printf("%s\n", legible(r.Path))
	row := func(name, value string) {
		if value != "" {
			p.printf("  %-12s %s\n", name, value)
		}
	}
	row("owner", r.Owner)
	row("version", fmt.Sprintf("%d (children %d, acl %d)", r.Version, r.Cversion, r.Aversion))
	row("bytes", fmt.Sprint(r.Bytes))
	row("children", fmt.Sprint(r.Children))
	row("created", at(r.Created, r.CreatedAt))
	row("modified", at(r.Modified, r.ModifiedAt))
	row("pzxid", r.ChildrenSet.String())
}

func at(t *time.Time, z zxid) string {
	if t == nil {
		return "zxid " + z.String()
	}
	return t.Format("2006-01-02 15:04:05.000Z") + ", zxid " + z.String()
}

// listResult has the children of a znode.
type listResult struct {
	Path     string       `json:"path"`
	Children []string     `json:"children"`
	Stats    []statResult `json:"stats,omitempty"`
}

func (s *Shell) list(ctx context.Context, path string, long bool) error {
	depth := 0
	if long {
		depth = 1
	}
	all, err := s.survey(ctx, path, depth)
	if err != nil {
		return err
	}
	r := listResult{Path: path, Children: append([]string{}, all[0].children...)}
	if long {
		r.Children = r.Children[:0]
	}
	for _, n := range all[1:] {
		r.Children = append(r.Children, n.name())
		r.Stats = append(r.Stats, statOf(n.path, n.stat))
	}
	return s.emit(r)
}

func (r listResult) text(p *page) {
	if len(r.Stats) == 0 {
		for _, name := range r.Children {
			p.printf("%s\n", legible(name))
		}
		return
	}
	t := tabwriter.NewWriter(p, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "VERSION\tBYTES\tCHILDREN\tMODIFIED\tOWNER\tNAME")
	for i, s := range r.Stats {
		modified := "-"
		if s.Modified != nil {
			modified = s.Modified.Format("2006-01-02 15:04:05Z")
		}
		owner := cmp.Or(s.Owner, "-")
		fmt.Fprintf(t, "%d\t%d\t%d\t%s\t%s\t%s\n", s.Version, s.Bytes, s.Children, modified, owner, legible(r.Children[i]))
	}
	_ = t.Flush() // writing to a page never fails
}

// treeResult is a subtree.
type treeResult struct {
	Path      string        `json:"path"`
	Name      string        `json:"name"`
	Ephemeral bool          `json:"ephemeral,omitempty"`
	Bytes     int32         `json:"bytes"`
	Closed    bool          `json:"closed,omitempty"` // its children may not be read
	Children  []*treeResult `json:"children,omitempty"`
}

// treeOf makes a tree of nodes, which must be in the order of a walk.
func treeOf(all []node) *treeResult {
	open := make([]*treeResult, 0, 8) // the last of each depth
	for _, n := range all {
		r := &treeResult{Path: n.path, Name: n.name(), Ephemeral: ephemeral(n.stat), Bytes: n.stat.DataLength, Closed: n.closed}
		if n.depth > 0 && n.depth <= len(open) {
			parent := open[n.depth-1]
			parent.Children = append(parent.Children, r)
		}
		open = append(open[:min(n.depth, len(open))], r)
	}
	return open[0]
}

func (r *treeResult) text(p *page) {
	p.printf("%s\n", legible(r.Path))
	r.branches(p, "")
}

func (r *treeResult) branches(p *page, indent string) {
	for i, c := range r.Children {
		branch, below := "├── ", "│   "
		if i == len(r.Children)-1 {
			branch, below = "└── ", "    "
		}
		p.printf("%s%s%s", indent, branch, legible(c.Name))
		if c.Ephemeral {
			p.printf(" (ephemeral)")
		}
		if c.Closed {
			p.printf(" (not readable)")
		}
		p.printf("\n")
		c.branches(p, indent+below)
	}
}

// dataResult has a znode's data and metadata.
type dataResult struct {
	Path string  `json:"path"`
	Data content `json:"data"`
	statResult
	raw bool
}

func (s *Shell) cat(ctx context.Context, arg string, raw bool) error {
	path, err := s.at(arg)
	if err != nil {
		return err
	}
	data, stat, err := s.Client.Get(ctx, path, false)
	if err != nil {
		return did("cat", path, err)
	}
	return s.emit(dataResult{Path: path, Data: data, statResult: statOf(path, stat), raw: raw})
}

func (r dataResult) text(p *page) {
	if p.terminal {
		data, left := shown(r.Data, r.raw)
		p.WriteString(printable.Data(data, r.raw))
		if left > 0 {
			p.printf("… %d more bytes: use cat --raw, or cat in a pipe, to print everything\n", left)
		}
		return
	}
	p.Write(r.Data)
}
