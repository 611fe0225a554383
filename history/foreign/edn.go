package foreign

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// ednSource reads Jepsen's history.edn, and porcupine's files. EDN is defined at
// github.com/edn-format/edn.
type ednSource struct {
	*scanner
	told  *told
	index int
	open  byte // closing bracket of the outer vector, if there is one
	began bool
	// over is the line on which the first string that spans several lines begins, within this
	// event or after the previous one; 0 if there is none.
	over int
}

func (s *ednSource) next(e *Event) (bool, error) {
	if err := s.between(); err != nil {
		return false, s.unclosed(err)
	}
	s.begin()
	s.over = 0
	line := s.line
	mine, err := s.event(e)
	if s.cut() {
		err = wrong(line, "the file ends within this event")
	}
	if err != nil {
		return false, s.unclosed(err)
	}
	e.Line, e.Index = line, s.index
	s.index++
	return mine, nil
}

// unclosed adds a hint to an error in or right after an event with a string that spans several
// lines: the string may lack its closing quote, so that it extends to the next opening quote.
func (s *ednSource) unclosed(err error) error {
	var at *LineError
	if s.over == 0 || !errors.As(err, &at) {
		return err
	}
	return wrong(s.over, "a text that begins here goes on in the next line: is there no '\"' at its end? (line %d: %s)", at.Line, at.Reason)
}

// cut reports whether something was missing at the end of the file.
func (s *ednSource) cut() bool { return s.short && s.err == nil }

// between skips to the beginning of the next map. It returns io.EOF if there is none.
func (s *ednSource) between() error {
	if err := s.space(); err != nil {
		return err
	}
	c := s.peek()
	if !s.began {
		s.began = true
		switch {
		case c == '[' && !tupleLike(bytes.TrimLeft(s.ahead(tupleBegin)[1:], " \t\r\n")):
			s.open = ']'
		case c == '(':
			s.open = ')'
		}
		if s.open != 0 {
			s.take()
			return s.between()
		}
	}
	switch {
	case c == end && s.atEnd():
		if s.err != nil {
			return s.err
		}
		if s.open != 0 {
			return s.wrong("the file ends within the vector of events: expected %q", s.open)
		}
		return io.EOF
	case s.open != 0 && c == s.open:
		s.take()
		s.open = 0
		if err := s.space(); err != nil {
			return err
		}
		if !s.atEnd() {
			return s.wrong("%s after the end of the vector of events", s.named(s.peek()))
		}
		return io.EOF
	case c == '#': // #jepsen.history.Op{…}
		s.take()
		if _, err := s.symbol(); err != nil {
			return err
		}
		if err := s.space(); err != nil {
			return err
		}
		c = s.peek()
	}
	if c != '{' && c != '[' {
		return s.wrong("expected an event like {:process 0, :type :invoke, :f :read, :value nil}, found %s", s.named(c))
	}
	return nil
}

// tupleBegin is how much of an event is needed to see whether it is a tuple.
const tupleBegin = 200

// inWords are the names of what has no names.
var inWords = names{process: "the process", kind: "the type", f: "operation"}

// tuple reads an event in the form [process type f value], perhaps followed by an error.
func (s *ednSource) tuple(e *Event) (bool, error) {
	line := s.line
	v, err := s.collection(List, ']', 0)
	if err != nil {
		return false, err
	}
	if len(v.Items) < 3 || len(v.Items) > 5 {
		return false, wrong(line, "the event is %s: expected a map, or [process type f value]", v)
	}
	if len(v.Items) > 3 {
		e.Value = v.Items[3]
	}
	return s.told.fill(e, line, v.Items[0], v.Items[1], v.Items[2], inWords)
}

// event reads a map. It reports whether the event is a client's.
func (s *ednSource) event(e *Event) (bool, error) {
	if s.peek() == '[' {
		*e = Event{Time: NoTime}
		return s.tuple(e)
	}
	x := &s.told.line
	x.reset(s.line)
	s.take() // the brace
	for {
		if err := s.space(); err != nil {
			return false, err
		}
		if s.peek() == '}' {
			s.take()
			return s.told.event(e)
		}
		name, err := s.value(0)
		if err != nil {
			return false, err
		}
		if err := s.space(); err != nil {
			return false, err
		}
		if s.peek() == '}' {
			return false, s.wrong("%s has no value", name)
		}
		v, err := s.value(0)
		if err != nil {
			return false, err
		}
		field := plain(name)
		if field == "" {
			field = name.String()
		}
		x.add(field, onLine).v = v
	}
}

// space skips white space, commas, comments and discarded forms.
func (s *ednSource) space() error {
	for {
		switch s.peek() {
		case ' ', '\t', '\n', '\r', ',', '\f', '\v':
			s.take()
		case ';':
			for c := s.take(); c != '\n' && (c != end || !s.atEnd()); {
				c = s.take()
			}
		case '#':
			if string(s.ahead(2)) != "#_" {
				return nil
			}
			s.take()
			s.take()
			if _, err := s.value(0); err != nil {
				return err
			}
		default:
			return nil
		}
	}
}

// value reads one form.
func (s *ednSource) value(depth int) (Value, error) {
	if depth > mostDepth {
		return Value{}, wrong(s.line, "collections within each other, more than %d deep", mostDepth)
	}
	if err := s.space(); err != nil {
		return Value{}, err
	}
	switch c := s.peek(); c {
	case '"':
		s.take()
		return s.text()
	case '\\':
		s.take()
		return s.character()
	case '[':
		return s.collection(List, ']', depth)
	case '(':
		return s.collection(List, ')', depth)
	case '{':
		return s.collection(Map, '}', depth)
	case '#':
		return s.dispatch(depth)
	case '^': // metadata, then its value
		s.take()
		if _, err := s.value(depth + 1); err != nil {
			return Value{}, err
		}
		return s.value(depth + 1)
	case '\'', '`', '~', '@':
		return Value{}, s.wrong("%s is no EDN", s.named(c))
	default:
		return s.atom()
	}
}

// dispatch reads a form that begins with a hash.
func (s *ednSource) dispatch(depth int) (Value, error) {
	s.take()
	switch c := s.peek(); c {
	case '{':
		return s.collection(Set, '}', depth)
	case '"': // a pattern
		s.take()
		return s.text()
	case '#': // ##Inf
		s.take()
		return s.atom()
	case '^', '\'':
		s.take()
		return s.value(depth + 1)
	case ':': // #:space{…}
		if _, err := s.symbol(); err != nil {
			return Value{}, err
		}
		return s.value(depth + 1)
	default: // a tag: only its value counts
		if _, err := s.symbol(); err != nil {
			return Value{}, err
		}
		return s.value(depth + 1)
	}
}

// collection reads the items between brackets.
func (s *ednSource) collection(k Kind, until byte, depth int) (Value, error) {
	line := s.line
	s.take()
	from := s.items.len()
	for {
		if err := s.space(); err != nil {
			return Value{}, err
		}
		switch c := s.peek(); {
		case c == until:
			s.take()
			v := Value{Kind: k, Items: s.items.pop(from)}
			if k == Map && len(v.Items)%2 != 0 {
				return v, s.wrong("a map whose last key has no value")
			}
			return v, nil
		case c == end && s.atEnd():
			return Value{}, s.wrong("the file ends within a collection that began in line %d: expected %q", line, until)
		}
		v, err := s.value(depth + 1)
		if err != nil {
			return Value{}, err
		}
		if err := s.push(v); err != nil {
			return Value{}, err
		}
	}
}

// text reads the rest of a string after its opening quote.
func (s *ednSource) text() (Value, error) {
	line := s.line
	s.token = s.token[:0]
	for {
		c := s.take()
		if c == '\n' && s.over == 0 {
			s.over = line
		}
		switch {
		case c == end && s.atEnd():
			return Value{}, s.wrong("the file ends within a text that began in line %d: expected '\"'", line)
		case c == '"':
			return Value{Kind: Text, Text: s.share(s.token)}, nil
		case c == '\\':
			var err error
			if c, err = s.escaped(); err != nil {
				return Value{}, err
			} else if c == end {
				continue // already written
			}
		}
		if err := s.grow(c); err != nil {
			return Value{}, err
		}
	}
}

// escaped reads the rest of an escape after a backslash.
func (s *ednSource) escaped() (byte, error) {
	switch c := s.take(); c {
	case 'n':
		return '\n', nil
	case 't':
		return '\t', nil
	case 'r':
		return '\r', nil
	case 'b':
		return '\b', nil
	case 'f':
		return '\f', nil
	case 'u':
		return end, s.unicode()
	case end:
		return end, s.wrong("the file ends within a text")
	default: // \" and \\; patterns have other escapes, which mean nothing here
		return c, nil
	}
}

// unicode reads the four digits of \uXXXX into the token.
func (s *scanner) unicode() error {
	r, err := s.half()
	if err != nil {
		return err
	}
	if utf16.IsSurrogate(r) && string(s.ahead(2)) == `\u` {
		s.take()
		s.take()
		low, err := s.half()
		if err != nil {
			return err
		}
		r = utf16.DecodeRune(r, low)
	}
	if len(s.token)+utf8.UTFMax > mostText {
		return wrong(s.line, "a text of more than %d bytes", mostText)
	}
	s.token = utf8.AppendRune(s.token, r)
	return nil
}

// half reads four digits.
func (s *scanner) half() (rune, error) {
	var digits [4]byte
	for i := range digits {
		digits[i] = s.take()
	}
	n, err := strconv.ParseUint(string(digits[:]), 16, 16)
	if err != nil {
		return 0, s.wrong("%q after \\u: expected four hexadecimal digits", digits[:])
	}
	return rune(n), nil
}

// character reads the rest of a character after a backslash.
func (s *ednSource) character() (Value, error) {
	s.token = append(s.token[:0], s.take())
	for c := s.peek(); !delimiter(c); c = s.peek() {
		if err := s.grow(s.take()); err != nil {
			return Value{}, err
		}
	}
	return Value{Kind: Text, Text: s.share(s.token)}, nil
}

// symbol reads up to the next delimiter.
func (s *ednSource) symbol() ([]byte, error) {
	s.token = s.token[:0]
	for c := s.peek(); !delimiter(c); c = s.peek() {
		if err := s.grow(s.take()); err != nil {
			return nil, err
		}
	}
	if len(s.token) == 0 {
		return nil, s.wrong("expected a value, found %s", s.named(s.peek()))
	}
	return s.token, nil
}

func delimiter(c byte) bool {
	switch c {
	case end, ' ', '\t', '\n', '\r', '\f', '\v', ',', '(', ')', '[', ']', '{', '}', '"', ';':
		return true
	}
	return false
}

// atom reads a number, a keyword, nil, true, false or a symbol.
func (s *ednSource) atom() (Value, error) {
	token, err := s.symbol()
	if err != nil {
		return Value{}, err
	}
	if c := token[0]; c >= '0' && c <= '9' || (c == '-' || c == '+') && len(token) > 1 && token[1] >= '0' && token[1] <= '9' {
		whole := token
		if last := token[len(token)-1]; last == 'N' {
			whole = token[:len(token)-1]
		}
		if n, ok := number(whole); ok {
			return Value{Kind: Int, Int: n}, nil
		}
		if digits, ok := digitsOf(whole); ok {
			return Value{Kind: Word, Text: s.share(digits)}, nil
		}
		return Value{Kind: Word, Text: s.share(token)}, nil
	}
	switch string(token) {
	case "nil":
		return Value{}, nil
	case "true":
		return Value{Kind: Bool, Int: 1}, nil
	case "false":
		return Value{Kind: Bool}, nil
	}
	return Value{Kind: Word, Text: s.share(token)}, nil
}
