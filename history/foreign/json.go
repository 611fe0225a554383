package foreign

import (
	"encoding/json"
	"io"
)

// jsonSource reads JSON objects, one a line, or one array of them.
type jsonSource struct {
	*scanner
	index int
	model *string // of a history of zklab's own
	array bool    // objects may go over several lines
	began bool
}

func (s *jsonSource) next(e *Event) (bool, error) {
	if err := s.between(); err != nil {
		return false, err
	}
	if c := s.peek(); c != '{' {
		return false, s.wrong("expected a JSON object like {\"process\":0,\"type\":\"invoke\",\"f\":\"read\"}, found %s", s.named(c))
	}
	s.begin()
	line := s.line
	mine, err := s.event(e)
	if err != nil {
		return false, err
	}
	e.Line, e.Index = line, s.index
	s.index++
	return mine, nil
}

// between goes to the beginning of the next object; io.EOF if there is none.
func (s *jsonSource) between() error {
	blank := func() {
		for c := s.peek(); c == ' ' || c == '\t' || c == '\r' || c == '\n'; c = s.peek() {
			s.take()
		}
	}
	blank()
	switch c := s.peek(); {
	case !s.began && c == '[':
		s.take()
		s.array = true
		blank()
	case s.began && s.array && c == ',':
		s.take()
		blank()
		if s.peek() == '{' {
			return nil
		}
		return s.wrong("expected a JSON object after ',', found %s", s.named(s.peek()))
	case s.began && s.array && c != ']':
		return s.wrong("expected ',' or ']' after an object, found %s", s.named(c))
	}
	s.began = true
	if s.array && s.peek() == ']' {
		s.take()
		if blank(); !s.atEnd() {
			return s.wrong("%s after the end of the array of events", s.named(s.peek()))
		}
		s.array = false
	}
	if !s.atEnd() {
		return nil
	}
	if s.array {
		return s.wrong("expected an object or ']', found the end of the file")
	}
	if s.err != nil {
		return s.err
	}
	return io.EOF
}

// event reads an object. It says whether the event is a client's.
func (s *jsonSource) event(e *Event) (bool, error) {
	*e = Event{Time: -1}
	line := s.line
	v, err := s.value(0)
	if err != nil {
		return false, err
	}
	var process, kind, f Value
	for i := 0; i+1 < len(v.Items); i += 2 {
		switch field := v.Items[i+1]; v.Items[i].Text {
		case "process":
			process = field
		case "type":
			kind = field
		case "f":
			f = field
		case "key":
			e.Key = field
		case "value":
			e.Value = field
		case "time":
			if field.Kind == Int {
				e.Time = field.Int
			}
		}
	}
	if s.index == 0 && process.Text == "nemesis" && f.Text == "begin" {
		*s.model = e.Value.Field("model").Text
	}
	return fill(e, line, process, kind, f, "process", "type", "f")
}

func (s *jsonSource) space() {
	for c := s.peek(); c == ' ' || c == '\t' || c == '\r' || c == '\n' && s.array; c = s.peek() {
		s.take()
	}
}

// value reads one value, within its line if there is no array around all.
func (s *jsonSource) value(depth int) (Value, error) {
	if depth > mostDepth {
		return Value{}, wrong(s.line, "collections within each other, more than %d deep", mostDepth)
	}
	s.space()
	switch c := s.peek(); c {
	case '"':
		s.take()
		return s.text()
	case '[':
		return s.list(depth)
	case '{':
		return s.object(depth)
	default:
		return s.atom()
	}
}

func (s *jsonSource) list(depth int) (Value, error) {
	s.take()
	from := s.items.len()
	if s.space(); s.peek() == ']' {
		s.take()
		return Value{Kind: List}, nil
	}
	for {
		v, err := s.value(depth + 1)
		if err != nil {
			return Value{}, err
		}
		if err := s.push(v); err != nil {
			return Value{}, err
		}
		if last, err := s.last(']'); err != nil {
			return Value{}, err
		} else if last {
			return Value{Kind: List, Items: s.items.pop(from)}, nil
		}
	}
}

func (s *jsonSource) object(depth int) (Value, error) {
	s.take()
	from := s.items.len()
	if s.space(); s.peek() == '}' {
		s.take()
		return Value{Kind: Map}, nil
	}
	for {
		if s.space(); s.peek() != '"' {
			return Value{}, s.wrong("expected a field's name in quotation marks, found %s", s.ended(s.peek()))
		}
		s.take()
		name, err := s.text()
		if err != nil {
			return Value{}, err
		}
		if s.space(); s.peek() != ':' {
			return Value{}, s.wrong("expected ':' after %q, found %s", name.Text, s.ended(s.peek()))
		}
		s.take()
		v, err := s.value(depth + 1)
		if err != nil {
			return Value{}, err
		}
		if err := s.push(name); err != nil {
			return Value{}, err
		}
		if err := s.push(v); err != nil {
			return Value{}, err
		}
		if last, err := s.last('}'); err != nil {
			return Value{}, err
		} else if last {
			return Value{Kind: Map, Items: s.items.pop(from)}, nil
		}
	}
}

// last takes what stands behind an element: a comma, or the end.
func (s *jsonSource) last(end byte) (bool, error) {
	switch s.space(); s.peek() {
	case ',':
		s.take()
		return false, nil
	case end:
		s.take()
		return true, nil
	}
	return false, s.wrong("expected ',' or '%c', found %s", end, s.ended(s.peek()))
}

// ended says what stands where a line should go on.
func (s *jsonSource) ended(c byte) string {
	if c == '\n' {
		return "the end of the line"
	}
	return s.named(c)
}

// text reads on after a quotation mark.
func (s *jsonSource) text() (Value, error) {
	s.token = s.token[:0]
	for {
		switch c := s.peek(); {
		case c == '"':
			s.take()
			return Value{Kind: Text, Text: s.share(s.token)}, nil
		case c == '\\':
			s.take()
			if err := s.escaped(); err != nil {
				return Value{}, err
			}
		case c < ' ':
			return Value{}, s.wrong("expected '\"' at the end of a text, found %s", s.ended(c))
		default:
			if err := s.grow(s.take()); err != nil {
				return Value{}, err
			}
		}
	}
}

// escaped reads on after a backslash in a text.
func (s *jsonSource) escaped() error {
	c := s.peek()
	switch c {
	case '"', '\\', '/':
	case 'n':
		c = '\n'
	case 't':
		c = '\t'
	case 'r':
		c = '\r'
	case 'b':
		c = '\b'
	case 'f':
		c = '\f'
	case 'u':
		s.take()
		return s.unicode()
	default:
		return s.wrong("a backslash before %s: expected one of \"\\/bfnrtu", s.ended(c))
	}
	s.take()
	return s.grow(c)
}

// atom reads a number, true, false or null.
func (s *jsonSource) atom() (Value, error) {
	s.token = s.token[:0]
	for c := s.peek(); c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c == '-' || c == '+' || c == '.' || c == 'E'; c = s.peek() {
		if err := s.grow(s.take()); err != nil {
			return Value{}, err
		}
	}
	switch string(s.token) {
	case "":
		return Value{}, s.wrong("expected a value, found %s", s.ended(s.peek()))
	case "null":
		return Value{}, nil
	case "true":
		return Value{Kind: Bool, Int: 1}, nil
	case "false":
		return Value{Kind: Bool}, nil
	}
	if n, ok := number(s.token); ok {
		return Value{Kind: Int, Int: n}, nil
	}
	if !json.Valid(s.token) {
		return Value{}, s.wrong("%q is no JSON value", s.token[:min(40, len(s.token))])
	}
	return Value{Kind: Text, Text: s.share(s.token)}, nil
}
