package shell

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
	"github.com/spf13/pflag"
)

// The keys that change the line that the user types.
const (
	keyTab   = '\t'
	keyCtrlR = 18
)

// completeWithin bounds how long the server may take to list znodes.
const completeWithin = 300 * time.Millisecond

// key handles Tab, which completes the word before the cursor, and Ctrl-R, which searches the
// history for the latest line that contains the text before the cursor.
func (t *session) key(line string, pos int, key rune) (string, int, bool) {
	t.longest(ansi.StringWidth(t.prompt()) + ansi.StringWidth(line) + 1)
	switch key {
	case keyTab:
		ctx, cancel := context.WithTimeout(context.Background(), completeWithin)
		defer cancel()
		typed, candidates := t.complete(ctx, line[:pos])
		return t.completed(line, pos, typed, candidates)
	case keyCtrlR:
		if found, ok := t.search(line[:pos], line); ok {
			return found, pos, true
		}
		return line, pos, true
	}
	return "", 0, false
}

// search finds the latest line before the present one that begins with a text.
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

// completed completes the word to the common prefix of all candidates. If that adds nothing, it
// lists the candidates above the prompt.
func (t *session) completed(line string, pos int, typed unfinished, candidates []string) (string, int, bool) {
	if len(candidates) == 0 {
		return line, pos, true
	}
	common := shared(candidates)
	if len(candidates) > 1 && len(common) <= len(typed.text) {
		t.mu.Lock()
		width := t.width
		t.mu.Unlock()
		_, _ = t.line.Write([]byte(clearBelow + listed(candidates, width)))
		return line, pos, true
	}
	word := typed.become(common, len(candidates) == 1 && !strings.HasSuffix(common, "/"))
	return line[:typed.begin] + word + line[pos:], typed.begin + len(word), true
}

// shared returns the common prefix of texts, in whole characters.
func shared(all []string) string {
	common := all[0]
	for _, s := range all[1:] {
		for !strings.HasPrefix(s, common) {
			_, n := utf8.DecodeLastRuneInString(common)
			common = common[:len(common)-n]
		}
	}
	return common
}

// mostListed is the largest number of candidates that are listed.
const mostListed = 100

// listed prints candidates in columns, by the last name of their paths.
func listed(candidates []string, width int) string {
	names := make([]string, 0, mostListed)
	widest := 0
	for _, c := range candidates[:min(len(candidates), mostListed)] {
		name := legible(c[strings.LastIndexByte(c, '/')+1:])
		names = append(names, name)
		widest = max(widest, ansi.StringWidth(name))
	}
	columns := max(1, (width+2)/(widest+2))
	rows := (len(names) + columns - 1) / columns
	var b strings.Builder
	for row := range rows {
		for i := row; i < len(names); i += rows {
			b.WriteString(names[i])
			if i+rows < len(names) {
				b.WriteString(strings.Repeat(" ", widest+2-ansi.StringWidth(names[i])))
			}
		}
		b.WriteByte('\n')
	}
	if n := len(candidates) - len(names); n > 0 {
		fmt.Fprintf(&b, "… and %d more\n", n)
	}
	return b.String()
}

// unfinished is the word at the end of a line that the user is typing.
type unfinished struct {
	text   string // so far, without quotes
	begin  int    // its offset in the line
	quoted bool
}

// become returns the word, quoted if it was or must be, for a text. whole means that the word is
// complete.
func (u unfinished) become(text string, whole bool) string {
	if !u.quoted && quote(text) == text {
		if whole {
			text += " "
		}
		return text
	}
	text = strconv.Quote(text)
	if whole {
		return text + " "
	}
	return strings.TrimSuffix(text, `"`)
}

// lastWord splits the last statement of a line into finished words and the unfinished one, which is
// empty after a space.
func lastWord(line string) (before []string, typed unfinished) {
	for i := 0; ; {
		i += len(line[i:]) - len(strings.TrimLeft(line[i:], " \t"))
		if i == len(line) {
			return before, unfinished{begin: i}
		}
		w, n, ends, err := next(line[i:])
		switch {
		case err != nil: // a quote without an end so far
			return before, unfinished{begin: i, quoted: true, text: meant(line[i:])}
		case i+n == len(line) && !ends:
			return before, unfinished{begin: i, quoted: w.quoted, text: w.text}
		case ends:
			before = nil
		default:
			before = append(before, w.text)
		}
		i += n
	}
}

// meant returns the text of a word that begins with a quote and has no closing quote.
func meant(word string) string {
	if word[0] == '"' {
		if text, err := strconv.Unquote(word + `"`); err == nil {
			return text
		}
	}
	return word[1:]
}

// complete returns the unfinished word at the end of a line, and its completions.
func (s *Shell) complete(ctx context.Context, line string) (typed unfinished, candidates []string) {
	words, typed := lastWord(line)
	return typed, s.candidates(ctx, words, typed.text)
}

func (s *Shell) candidates(ctx context.Context, words []string, typed string) []string {
	if len(words) == 0 {
		return s.names(typed, 0, "")
	}
	c, args, err := lookup(words)
	switch {
	case err != nil && len(words) == 1:
		return s.names(typed, 1, words[0])
	case err != nil:
		return nil
	case strings.HasPrefix(typed, "-"):
		return flagsOf(c, typed)
	case c.values != nil:
		return startingWith(c.values, typed)
	case c.most == 0:
		return nil
	case words[0] == "help":
		return s.names(typed, 0, "")
	}
	paths := s.paths(ctx, typed)
	if c.local == 0 || c.local != nth(args) {
		return slices.Compact(paths)
	}
	for i := range paths { // with a slash at the end it would be a folder of this machine
		paths[i] = strings.TrimSuffix(paths[i], "/")
	}
	all := append(filesLike(typed), paths...)
	slices.Sort(all)
	return slices.Compact(all)
}

// nth returns the number, from 1, of the argument that follows these words.
func nth(words []string) int {
	n := 1
	for _, w := range words {
		if !strings.HasPrefix(w, "-") {
			n++
		}
	}
	return n
}

// filesLike returns the folders and JSON files of this machine whose paths begin with a text.
func filesLike(typed string) (all []string) {
	folder := typed[:strings.LastIndexByte(typed, '/')+1]
	entries, err := os.ReadDir(filepath.Clean("./" + folder))
	if strings.HasPrefix(folder, "/") {
		entries, err = os.ReadDir(folder)
	}
	if err != nil {
		return nil
	}
	for _, e := range entries {
		name := folder + e.Name()
		if e.IsDir() {
			name += "/"
		}
		if isFile(name) && quote(name) == name && strings.HasPrefix(name, typed) && !strings.HasPrefix(e.Name(), ".") {
			all = append(all, name)
		}
	}
	return all
}

// names returns the first words of commands, or the second words of the commands with a given first
// word.
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
	f, _ := c.flags()
	var all []string
	f.VisitAll(func(f *pflag.Flag) { all = append(all, "--"+f.Name) })
	return startingWith(all, typed)
}

// paths returns the paths of znodes that begin with a text.
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
		all = append(all, folder+name)
	}
	all = startingWith(all, typed)
	if len(all) == 1 { // the user can go on to the children
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
