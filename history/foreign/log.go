package foreign

import (
	"bytes"
	"io"
)

// logSource reads lines of Jepsen's logs:
//
//	INFO  jepsen.util - 0	:invoke	:write	3
//	INFO [2019-04-01 11:25:23,722] jepsen worker 3 - jepsen.util 0	:invoke	:write	3
//	2021-02-26 23:39:01,300{GMT}	INFO	[jepsen worker 1] jepsen.util: 0	:invoke	:write	3
//	2026-02-26 23:39:01,300{GMT}	INFO	[jepsen worker 1] jepsen.print: 0	:invoke	:write	3
//	INFO  jepsen.util: [ 1350999542 ] 0 :invoke :write 3
//
// The first form is the older one. The last is a fork's, with a number before the process.
// Lines without an operation of a client are other messages, and
// are skipped.
//
// Jepsen's history.txt has the same lines from the process on, perhaps with an
// error's text after the value, which may continue on further lines.
type logSource struct {
	*scanner
	bare    bool // history.txt
	told    bool // the last line may have an error's text
	found   bool // an operation was found, of a client or not
	clients *told
	index   int
	long    []byte
}

// logged returns the part of a log's line that describes an operation, and whether the log is of
// the older form. text is nil for other messages.
func logged(line []byte) (text []byte, older bool) {
	for _, logger := range []string{"jepsen.util", "jepsen.print"} { // the second from Jepsen 0.3.12 on
		_, text, found := bytes.Cut(line, []byte(logger))
		if !found {
			continue
		}
		for _, mark := range []string{" - ", ": ", " "} {
			if text, found := bytes.CutPrefix(text, []byte(mark)); found {
				return unnumbered(text), mark == " - " && logger == "jepsen.util"
			}
		}
	}
	return nil, false
}

// unnumbered returns the description of an operation without the number in brackets before it.
func unnumbered(text []byte) []byte {
	inside, behind, found := bytes.Cut(text, []byte("]"))
	inside, opened := bytes.CutPrefix(bytes.TrimLeft(inside, " \t"), []byte("["))
	if _, whole := digitsOf(bytes.TrimSpace(inside)); !found || !opened || !whole {
		return text
	}
	return behind
}

// logLike returns the format of a log, by its first operation, or "" if there is none.
func logLike(head []byte) Format {
	for line := range bytes.Lines(head) {
		text, older := logged(line)
		switch {
		case text == nil || !older && !bareLike(text):
		case older:
			return JepsenLog
		default:
			return JepsenText
		}
	}
	return ""
}

// bareLike reports whether the first line looks like a history.txt.
func bareLike(head []byte) bool {
	line, _, _ := bytes.Cut(head, []byte("\n"))
	words := bytes.Fields(line)
	if len(words) < 3 {
		return false
	}
	switch string(words[1]) {
	case ":invoke", ":ok", ":fail", ":info":
		return numeric(words[0]) || words[0][0] == ':'
	}
	return false
}

// numeric reports whether a word looks like a number.
func numeric(word []byte) bool {
	digits := bytes.TrimLeft(word, "+-")
	return len(digits) > 0 && '0' <= digits[0] && digits[0] <= '9'
}

func (s *logSource) next(e *Event) (bool, error) {
	for {
		line, err := s.readLine()
		if err == io.EOF && !s.found {
			return false, wrong(max(1, s.line-1), "no line so far is an operation: expected some like INFO  jepsen.util - 0 :invoke :write 3")
		}
		if err != nil {
			return false, err
		}
		at := s.line
		s.line++
		text := line
		if !s.bare {
			text, _ = logged(line)
		}
		if len(bytes.TrimSpace(text)) == 0 {
			continue
		}
		s.begin()
		is, mine, err := s.event(e, at, text)
		if err != nil {
			return false, err
		}
		if mine {
			e.Line, e.Index = at, s.index
			s.index++
		}
		if is {
			return mine, nil
		}
	}
}

// readLine returns the next line without its newline, valid until the next call.
func (s *logSource) readLine() ([]byte, error) {
	if s.atEnd() {
		if s.err != nil {
			return nil, s.err
		}
		return nil, io.EOF
	}
	s.long = s.long[:0]
	for !s.atEnd() {
		rest := s.buf[s.pos:]
		n := bytes.IndexByte(rest, '\n')
		if n >= 0 {
			rest = rest[:n]
			s.pos++
		}
		s.pos += len(rest)
		if s.long = append(s.long, rest...); len(s.long) > mostText {
			return nil, s.wrong("a line of more than %d bytes", mostText)
		}
		if n >= 0 {
			break
		}
	}
	return bytes.TrimRight(s.long, "\r"), nil
}

// event reads process, type, operation and value, as in
//
//	0	:invoke	:cas	[3 0]
//
// is reports whether there is an event, mine whether it is a client's.
func (s *logSource) event(e *Event, at int, text []byte) (is, mine bool, err error) {
	*e = Event{Time: NoTime}
	var words [3][]byte
	rest := text
	for i := range words {
		rest = bytes.TrimLeft(rest, " \t")
		n := bytes.IndexAny(rest, " \t")
		if n < 0 {
			n = len(rest)
		}
		words[i], rest = rest[:n], rest[n:]
	}
	process := Value{Kind: Word, Text: "nemesis"}
	n, isNumber := number(words[0])
	switch {
	case isNumber:
		process = Value{Kind: Int, Int: n}
	case numeric(words[0]): // more than 64 bits
		process = Value{Kind: Text, Text: string(words[0])}
	}
	switch {
	case len(words[1]) > 0 && words[1][0] == ':' && (!s.bare || numeric(words[0]) || words[0][0] == ':'):
	case s.bare && !s.told:
		return false, false, wrong(at, "expected process, type, operation and value, as in 0 :invoke :write 3, found %q", text[:min(40, len(text))])
	default:
		return false, false, nil // another message, or more of an error's text
	}
	s.found = true
	s.told = string(words[1]) == ":info" || string(words[1]) == ":fail"
	mine, err = s.clients.fill(e, at, process, Value{Kind: Word, Text: s.share(words[1])}, Value{Kind: Word, Text: s.share(words[2])},
		inWords)
	if err != nil || !mine {
		return true, false, err
	}
	return true, true, s.argument(e, at, rest)
}

// argument reads the value, and notes whether more text follows it.
func (s *logSource) argument(e *Event, at int, text []byte) error {
	text = bytes.TrimSpace(text)
	if n, ok := number(text); ok { // as most are
		e.Value = Value{Kind: Int, Int: n}
		return nil
	}
	if len(text) == 0 || string(text) == "nil" {
		return nil
	}
	form := ednSource{scanner: &scanner{line: 1, buf: text, done: true, shared: s.shared}}
	var err error
	if e.Value, err = form.value(0); err != nil {
		return wrong(at, "the value %q: %s", text[:min(40, len(text))], err.(*LineError).Reason)
	}
	e.Explained = len(bytes.TrimSpace(form.buf[form.pos:])) > 0
	return nil
}
