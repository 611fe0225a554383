package shell

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A line is words, separated by spaces. A word that begins with a quote ends with it;
// within double quotes a backslash has Go's meanings, within single ones none. Elsewhere a
// quote is a character like any other, so that JSON without spaces needs none around it. A
// backslash before a space, a quote or a backslash takes its meaning away. A semicolon at
// the end of a word ends the statement, # at the beginning of one the line.

// word is one of a line.
type word struct {
	text   string
	begin  int  // where it stands
	quoted bool // and so is a word though nothing be in it
}

// texts are words as they are meant.
func texts(words []word) []string {
	all := make([]string, len(words))
	for i, w := range words {
		all[i] = w.text
	}
	return all
}

// statements cuts a line into its statements, each at least one word.
func statements(line string) (all [][]word, err error) {
	var words []word
	end := func() {
		if len(words) > 0 {
			all = append(all, words)
			words = nil
		}
	}
	for i := 0; ; {
		i += len(line[i:]) - len(strings.TrimLeft(line[i:], " \t\r\n"))
		if i == len(line) || line[i] == '#' {
			end()
			return all, nil
		}
		w, n, ends, err := next(line[i:])
		if err != nil {
			return nil, err
		}
		w.begin = i
		if w.quoted || w.text != "" {
			words = append(words, w)
		}
		if ends {
			end()
		}
		i += n
	}
}

// next reads a word, and whether a semicolon ends the statement with it.
func next(text string) (w word, n int, ends bool, err error) {
	switch text[0] {
	case '\'':
		i := strings.IndexByte(text[1:], '\'')
		if i < 0 {
			return w, 0, false, usagef("a ' has no end")
		}
		w, n = word{text: text[1 : 1+i], quoted: true}, i+2
	case '"':
		quoted, err := strconv.QuotedPrefix(text)
		if err == nil {
			w.text, err = strconv.Unquote(quoted)
		}
		if err != nil {
			return w, 0, false, usagef("a \" has no end, or what is between has a line break or a \\ that means nothing: %.40s", text)
		}
		w.quoted, n = true, len(quoted)
	default:
		return plain(text)
	}
	if n < len(text) && text[n] == ';' {
		return w, n + 1, true, nil
	}
	if n < len(text) && !space(text[n]) {
		return w, 0, false, usagef("something follows a closing quote: put all of the word in quotes: %.40s", text)
	}
	return w, n, false, nil
}

func plain(text string) (w word, n int, ends bool, err error) {
	var b strings.Builder
	for ; n < len(text) && !space(text[n]); n++ {
		switch {
		case text[n] == '\\' && n+1 < len(text) && strings.IndexByte(" \\'\";#", text[n+1]) >= 0:
			n++
		case text[n] == ';' && (n+1 == len(text) || space(text[n+1])):
			return word{text: b.String()}, n + 1, true, nil
		}
		b.WriteByte(text[n])
	}
	return word{text: b.String()}, n, false, nil
}

func space(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// quote writes a word so that statements reads it again, without a character that a
// terminal would obey.
func quote(text string) string {
	if text != "" && utf8.ValidString(text) && !strings.ContainsAny(text, " \t\r\n\\;#'\"") && legible(text) == text {
		return text
	}
	return strconv.Quote(text)
}

// errUsage is an error in what was typed.
type errUsage string

func (e errUsage) Error() string { return string(e) }

func usagef(format string, args ...any) error { return errUsage(fmt.Sprintf(format, args...)) }
