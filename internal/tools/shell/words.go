package shell

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A line consists of words, separated by spaces. A word that begins with a quote ends with the
// same quote. Within double quotes a backslash escapes as in Go, within single quotes it is a
// character like any other. Elsewhere a quote is a character like any other, so that JSON without
// spaces needs no quotes around it. A backslash escapes a space, a quote and a backslash. A
// semicolon at the end of a word ends the statement; # at the beginning of a word ends the line.

// word is a word of a line.
type word struct {
	text   string
	begin  int  // its offset in the line
	quoted bool // then it is a word even if it is empty
}

// texts returns the texts of words, without quotes.
func texts(words []word) []string {
	all := make([]string, len(words))
	for i, w := range words {
		all[i] = w.text
	}
	return all
}

// statements splits a line into its statements. Each has at least one word.
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

// next reads the first word of a text. It returns the number of bytes read, and whether a semicolon
// after the word ends the statement.
func next(text string) (w word, n int, ends bool, err error) {
	switch text[0] {
	case '\'':
		i := strings.IndexByte(text[1:], '\'')
		if i < 0 {
			return w, 0, false, usagef("missing closing '")
		}
		w, n = word{text: text[1 : 1+i], quoted: true}, i+2
	case '"':
		quoted, err := strconv.QuotedPrefix(text)
		if err == nil {
			w.text, err = strconv.Unquote(quoted)
		}
		if err != nil {
			return w, 0, false, usagef("missing closing \", or a line break or an invalid \\ within the quotes: %.40s", text)
		}
		w.quoted, n = true, len(quoted)
	default:
		return plain(text)
	}
	if n < len(text) && text[n] == ';' {
		return w, n + 1, true, nil
	}
	if n < len(text) && !space(text[n]) {
		return w, 0, false, usagef("text follows a closing quote: quote the whole word: %.40s", text)
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

// quote quotes a word so that statements reads it again, and escapes control characters.
func quote(text string) string {
	if text != "" && utf8.ValidString(text) && !strings.ContainsAny(text, " \t\r\n\\;#'\"") && legible(text) == text {
		return text
	}
	return strconv.Quote(text)
}

// errUsage is an error in a line that was typed.
type errUsage string

func (e errUsage) Error() string { return string(e) }

func usagef(format string, args ...any) error { return errUsage(fmt.Sprintf(format, args...)) }
