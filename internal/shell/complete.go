package shell

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"
)

// The keys that do something to the line that is typed.
const (
	keyTab   = '\t'
	keyCtrlR = 18
)

// completeWithin bounds how long the server may take to tell what there is.
const completeWithin = 300 * time.Millisecond

// key completes the word before the cursor with Tab, and searches the history with Ctrl-R
// for the latest line that has what is typed.
func (t *session) key(line string, pos int, key rune) (string, int, bool) {
	switch key {
	case keyTab:
		ctx, cancel := context.WithTimeout(context.Background(), completeWithin)
		defer cancel()
		begin, candidates := t.complete(ctx, line[:pos])
		return t.completed(line, pos, begin, candidates)
	case keyCtrlR:
		if found, ok := t.search(line[:pos], line); ok {
			return found, pos, true
		}
		return line, pos, true
	}
	return "", 0, false
}

// search finds the latest line before the present one that begins with some text, or else
// has it within.
func (t *session) search(text, present string) (string, bool) {
	h := t.line.History
	begin := 0
	for i := range h.Len() {
		if h.At(i) == present {
			begin = i + 1
			break
		}
	}
	for i := begin; i < h.Len(); i++ {
		if line := h.At(i); strings.HasPrefix(line, text) && line != present {
			return line, true
		}
	}
	return "", false
}

// completed puts in what all candidates have in common. If that is nothing new, they are
// listed above the prompt.
func (t *session) completed(line string, pos, begin int, candidates []string) (string, int, bool) {
	if len(candidates) == 0 {
		return line, pos, true
	}
	common := candidates[0]
	for _, c := range candidates[1:] {
		for !strings.HasPrefix(c, common) {
			common = common[:len(common)-1]
		}
	}
	if len(candidates) > 1 && len(common) <= pos-begin {
		shown := candidates[:min(len(candidates), 100)]
		text := strings.Join(shown, "  ")
		if len(shown) < len(candidates) {
			text += " …"
		}
		_, _ = t.line.Write([]byte(legible(text) + "\n"))
		return line, pos, true
	}
	if len(candidates) == 1 && !strings.HasSuffix(common, "/") {
		common += " "
	}
	return line[:begin] + common + line[pos:], begin + len(common), true
}

// complete gives what the last word of a line can become, and where that word begins.
func (s *Shell) complete(ctx context.Context, line string) (begin int, candidates []string) {
	begin = strings.LastIndexAny(line, " \t;") + 1
	typed := line[begin:]
	before := line[:begin]
	if i := strings.LastIndex(before, "; "); i >= 0 {
		before = before[i+1:]
	}
	words := strings.Fields(before)
	if len(words) == 0 {
		return begin, s.names(typed, 0, "")
	}
	c := s.named(words)
	switch {
	case c == nil && len(words) == 1:
		return begin, s.names(typed, 1, words[0])
	case c == nil:
		return begin, nil
	case strings.HasPrefix(typed, "-"):
		return begin, flagsOf(c, typed)
	case c.values != nil:
		return begin, startingWith(c.values, typed)
	case c.most == 0:
		return begin, nil
	case words[0] == "help":
		return begin, s.names(typed, 0, "")
	}
	return begin, s.paths(ctx, typed)
}

// named is the command that words name, nil if none.
func (s *Shell) named(words []string) *command {
	for _, c := range commands {
		first, second, two := strings.Cut(c.name, " ")
		if words[0] == first && (!two || len(words) > 1 && words[1] == second) {
			return c
		}
	}
	return nil
}

// names are the first words of commands, or the second of those with that first one.
func (s *Shell) names(typed string, nth int, first string) []string {
	var all []string
	for _, c := range commands {
		parts := strings.Fields(c.name)
		if nth < len(parts) && (nth == 0 || parts[0] == first) && (!c.lab || s.Lab != nil) {
			all = append(all, parts[nth])
		}
	}
	return startingWith(all, typed)
}

func flagsOf(c *command, typed string) []string {
	f := c.flagSet()
	c.bindAny(f)
	var all []string
	f.VisitAll(func(f *pflag.Flag) { all = append(all, "--"+f.Name) })
	return startingWith(all, typed)
}

// paths are those on the server that begin with what is typed. A name that would need
// quotes is left out: it could not go on as it began.
func (s *Shell) paths(ctx context.Context, typed string) (all []string) {
	folder := typed[:strings.LastIndexByte(typed, '/')+1]
	path, err := s.here(nil)
	if folder != "" {
		path, err = s.at(folder)
	}
	if err != nil {
		return nil
	}
	nodes, err := s.survey(ctx, path, 0)
	if err != nil {
		return nil
	}
	for _, name := range nodes[0].children {
		if quote(name) == name {
			all = append(all, folder+name)
		}
	}
	all = startingWith(all, typed)
	if len(all) == 1 { // one with children goes on
		if path, err := s.at(all[0]); err == nil {
			if stat, err := s.Client.Exists(ctx, path, false); err == nil && stat.NumChildren > 0 {
				all[0] += "/"
			}
		}
	}
	return all
}

func startingWith(all []string, typed string) []string {
	all = slices.DeleteFunc(slices.Clone(all), func(s string) bool { return !strings.HasPrefix(s, typed) })
	slices.Sort(all)
	return slices.Compact(all)
}
