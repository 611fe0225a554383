package shell

import (
	"bytes"
	"context"
	"fmt"
	"path"
	"regexp"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/pflag"

	"github.com/zklab/zklab/internal/base/printable"
)

// This file has the commands that read all znodes of a subtree.

func bindFind(f *pflag.FlagSet) run {
	var w wanted
	w.add(f)
	return func(s *Shell, ctx context.Context, args []string) error { return s.find(ctx, args, w) }
}

func bindGrep(f *pflag.FlagSet) run {
	names := f.BoolP("files-with-matches", "l", false, "print only paths")
	fold := f.BoolP("ignore-case", "i", false, "ignore case")
	return func(s *Shell, ctx context.Context, args []string) error {
		pattern := args[0]
		if *fold {
			pattern = "(?i)" + pattern
		}
		re, err := regexp.Compile(pattern)
		if err != nil {
			return usagef("grep: %v", err)
		}
		return s.grep(ctx, args[1:], re, *names)
	}
}

func bindDu(f *pflag.FlagSet) run {
	sum := f.BoolP("summarize", "s", false, "print only the total")
	return func(s *Shell, ctx context.Context, args []string) error { return s.usage(ctx, args, *sum) }
}

func (s *Shell) count(ctx context.Context, args []string) error {
	path, err := s.here(args)
	if err != nil {
		return err
	}
	n, err := s.Client.ChildrenNumber(ctx, path)
	if err == nil {
		return s.emit(countResult{path, n})
	}
	all, err := s.survey(ctx, path, -1) // servers before 3.6 do not count
	if err != nil {
		return err
	}
	return s.emit(countResult{path, len(all) - 1})
}

type countResult struct {
	Path   string `json:"path"`
	Znodes int    `json:"znodes"`
}

func (r countResult) text(p *page) { p.printf("%d\n", r.Znodes) }

// wanted holds the conditions of find.
type wanted struct {
	name, owner        string
	older, newer       time.Duration
	larger, smaller    int32
	leaf               bool
	ownerID            int64
	now                time.Time
	longAgo, justSince int64 // milliseconds since 1970
}

// anything matches every znode.
var anything = wanted{larger: -1, smaller: -1}

func (w *wanted) add(f *pflag.FlagSet) {
	f.StringVar(&w.name, "name", "", "the name matches this pattern (* matches any text, ? one character)")
	f.StringVar(&w.owner, "owner", "", "the znode is ephemeral and owned by the session with this number (any: by any session)")
	f.DurationVar(&w.older, "older", 0, "the last write was longer ago than this")
	f.DurationVar(&w.newer, "newer", 0, "the last write was at most this long ago")
	f.Int32Var(&w.larger, "larger", -1, "the data have more bytes than this")
	f.Int32Var(&w.smaller, "smaller", -1, "the data have fewer bytes than this")
	f.BoolVar(&w.leaf, "leaf", false, "the znode has no children")
}

// check parses the flags.
func (w *wanted) check() error {
	if _, err := path.Match(w.name, ""); err != nil {
		return usagef("find --name %s: missing closing ]", quote(w.name))
	}
	if w.owner != "" && w.owner != "any" {
		id, err := parseSession(w.owner)
		if err != nil {
			return err
		}
		w.ownerID = id
	}
	w.now = time.Now()
	w.longAgo, w.justSince = w.now.Add(-w.older).UnixMilli(), w.now.Add(-w.newer).UnixMilli()
	return nil
}

// parseSession reads the number of a session, in hexadecimal, with or without 0x.
func parseSession(text string) (int64, error) {
	id, err := strconv.ParseUint(strings.TrimPrefix(strings.ToLower(text), "0x"), 16, 64)
	if err != nil {
		return 0, usagef("invalid session %s: write a number as stat prints it, such as 0x1000a2b3c4d0001", quote(text))
	}
	return int64(id), nil
}

func (w wanted) matches(n node) bool {
	named, _ := path.Match(w.name, n.name())
	switch {
	case w.name != "" && !named,
		w.owner != "" && !ephemeral(n.stat),
		w.ownerID != 0 && n.stat.EphemeralOwner != w.ownerID,
		w.older != 0 && n.stat.Mtime > w.longAgo,
		w.newer != 0 && n.stat.Mtime < w.justSince,
		w.larger >= 0 && n.stat.DataLength <= w.larger,
		w.smaller >= 0 && n.stat.DataLength >= w.smaller,
		w.leaf && len(n.children) > 0:
		return false
	}
	return true
}

func (s *Shell) find(ctx context.Context, args []string, w wanted) error {
	path, err := s.here(args)
	if err == nil {
		err = w.check()
	}
	if err != nil {
		return err
	}
	all, err := s.survey(ctx, path, -1)
	if err != nil {
		return err
	}
	r := findResult{Znodes: []statResult{}}
	for _, n := range all {
		if w.matches(n) {
			r.Znodes = append(r.Znodes, statOf(n.path, n.stat))
		}
	}
	return s.emit(r)
}

type findResult struct {
	Znodes []statResult `json:"znodes"`
}

func (r findResult) text(p *page) {
	for _, z := range r.Znodes {
		p.printf("%s\n", legible(z.Path))
	}
}

// match is a znode whose data match.
type match struct {
	Path  string      `json:"path"`
	Lines []matchLine `json:"lines,omitempty"`
}

type matchLine struct {
	Number int    `json:"number"`
	Text   string `json:"text"`
}

type grepResult struct {
	Matches []match `json:"matches"`
	names   bool
	unread
}

func (s *Shell) grep(ctx context.Context, args []string, re *regexp.Regexp, names bool) error {
	path, err := s.here(args)
	if err != nil {
		return err
	}
	nodes, err := s.survey(ctx, path, -1)
	if err != nil {
		return err
	}
	r := grepResult{Matches: []match{}, names: names}
	all, err := s.load(ctx, nodes, loading{unread: &r.unread, silent: true})
	if err != nil {
		return err
	}
	r.sort()
	for _, n := range all {
		if re.Match(n.data) {
			r.Matches = append(r.Matches, match{n.path, linesOf(n.data, re)})
		}
	}
	if err := s.emit(r); err != nil {
		return err
	}
	if err := r.err(); err != nil {
		return err
	}
	if len(r.Matches) == 0 {
		return codedError{code: NotFound}
	}
	return nil
}

func linesOf(data []byte, re *regexp.Regexp) (lines []matchLine) {
	if !printable.IsText(data) {
		return nil
	}
	n := 0
	for line := range bytes.Lines(data) {
		n++
		if line = bytes.TrimRight(line, "\r\n"); re.Match(line) {
			lines = append(lines, matchLine{n, string(line)})
		}
	}
	return lines
}

func (r grepResult) text(p *page) {
	for _, m := range r.Matches {
		if r.names || len(m.Lines) == 0 {
			p.printf("%s\n", legible(m.Path))
			continue
		}
		for _, line := range m.Lines {
			p.printf("%s:%d:%s\n", legible(m.Path), line.Number, legible(line.Text))
		}
	}
	r.unread.text(p)
}

// used is the size of a subtree.
type used struct {
	Path   string `json:"path"`
	Znodes int    `json:"znodes"`
	Bytes  int64  `json:"bytes"`
}

type duResult struct {
	Subtrees []used `json:"subtrees"` // the last is the whole
}

func (s *Shell) usage(ctx context.Context, args []string, sum bool) error {
	path, err := s.here(args)
	if err != nil {
		return err
	}
	all, err := s.survey(ctx, path, -1)
	if err != nil {
		return err
	}
	whole, r := used{Path: path}, duResult{}
	for _, n := range all {
		whole.add(n)
		if n.depth == 1 && !sum {
			r.Subtrees = append(r.Subtrees, used{Path: n.path})
		}
		if n.depth >= 1 && !sum {
			r.Subtrees[len(r.Subtrees)-1].add(n)
		}
	}
	r.Subtrees = append(r.Subtrees, whole)
	return s.emit(r)
}

func (u *used) add(n node) {
	u.Znodes++
	u.Bytes += int64(n.stat.DataLength)
}

func (r duResult) text(p *page) {
	t := tabwriter.NewWriter(p, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "BYTES\tZNODES\tPATH")
	for _, u := range r.Subtrees {
		fmt.Fprintf(t, "%d\t%d\t%s\n", u.Bytes, u.Znodes, legible(u.Path))
	}
	_ = t.Flush()
}
