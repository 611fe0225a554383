package shell

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/pflag"
)

// This file has the commands that copy between znodes and files.

func bindExport(f *pflag.FlagSet) run {
	noACL := noACLFlag(f, "leave out permissions")
	yes := f.BoolP("yes", "y", false, "do not ask before replacing an export")
	return func(s *Shell, ctx context.Context, args []string) error {
		return s.export(ctx, args, *noACL, *yes)
	}
}

func bindImport(f *pflag.FlagSet) run {
	var o importOptions
	f.BoolVarP(&o.dryRun, "dry-run", "n", false, "only print what import would do")
	f.BoolVarP(&o.yes, "yes", "y", false, "do not ask before overwriting znodes")
	f.BoolVarP(&o.parents, "parents", "p", false, "also create missing parents of PATH")
	f.BoolVar(&o.ephemerals, "ephemerals", false, "also create ephemeral znodes, owned by the session of this shell")
	o.noACL = noACLFlag(f, "do not write permissions: every client may do everything with new znodes")
	o.limit = limitFlag(f)
	return func(s *Shell, ctx context.Context, args []string) error { return s.importFrom(ctx, args, o) }
}

// exportResult is the result of export.
type exportResult struct {
	Path       string `json:"path"`
	File       string `json:"file"`
	Znodes     int    `json:"znodes"`
	Ephemerals int    `json:"ephemerals"`
	unsteady
	unread
}

func (r exportResult) text(p *page) {
	p.printf("%d znodes", r.Znodes)
	if r.Ephemerals > 0 {
		p.printf(", %d of them ephemeral", r.Ephemerals)
	}
	p.printf("\n")
	r.unsteady.text(p)
	r.unread.text(p)
}

func (s *Shell) export(ctx context.Context, args []string, noACL, yes bool) error {
	if err := checkFile("export", args[1]); err != nil {
		return err
	}
	from, err := s.place(ctx, args[0])
	if err != nil {
		return err
	}
	defer from.leave()
	tree, err := from.take(ctx, from.path, -1, !noACL)
	if err != nil {
		return err
	}
	for _, n := range tree.znodes {
		if err := told(n.acl); err != nil {
			return did("export", join(from.path, n.path), err)
		}
	}
	if _, err := os.Lstat(args[1]); err == nil && s.Ask != nil && !yes {
		if ok, err := s.Ask(fmt.Sprintf("replace %s?", quote(args[1]))); err != nil || !ok {
			return err
		}
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := s.writeExport(ctx, args[1], tree.znodes); err != nil {
		return err
	}
	lasting, ephemerals := tree.lasting()
	if err := s.emit(exportResult{args[0], args[1], len(lasting) + ephemerals, ephemerals, tree.unsteady, tree.unread}); err != nil {
		return err
	}
	return tree.err()
}
