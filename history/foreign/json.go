package foreign

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

// jsonSource reads JSON objects, one after another, or one array of them.
type jsonSource struct {
	*scanner
	lines *lineReader
	in    *jsontext.Decoder
	index int
	own   *own // of a history of zklab's own
	array bool // the objects are within an array
	began bool
}

func newJSONSource(s *scanner, o *own) *jsonSource {
	rest := io.Reader(bytes.NewReader(s.buf[s.pos:]))
	if !s.done {
		rest = bufio.NewReaderSize(io.MultiReader(rest, s.r), bufferSize)
	}
	lines := &lineReader{r: rest, line: 1, err: s.err}
	in := jsontext.NewDecoder(lines, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	return &jsonSource{scanner: s, lines: lines, in: in, own: o}
}

func (s *jsonSource) next(e *Event) (bool, error) {
	kind, err := s.between()
	if err != nil {
		return false, err
	}
	s.begin()
	if kind != jsontext.KindBeginObject {
		return false, s.noObject()
	}
	if err := s.skip(); err != nil {
		return false, err
	}
	mine, err := s.event(e, s.lines.of(s.in.InputOffset()))
	if err != nil {
		return false, err
	}
	e.Index = s.index
	s.index++
	return mine, nil
}

// between goes to the beginning of the next object; io.EOF if there is none.
func (s *jsonSource) between() (jsontext.Kind, error) {
	kind := s.peek()
	if !s.began && kind == jsontext.KindBeginArray {
		s.array = true
		if err := s.skip(); err != nil {
			return 0, err
		}
		kind = s.peek()
	}
	s.began = true
	if s.array && s.in.StackDepth() > 0 && kind == jsontext.KindEndArray {
		if err := s.skip(); err != nil {
			return 0, err
		}
		kind = s.peek()
	}
	if kind == jsontext.KindInvalid {
		if err := s.skip(); err != nil {
			return 0, err
		}
	}
	if s.array && s.in.StackDepth() == 0 {
		_ = s.skip()
		return 0, wrong(s.lines.of(s.in.InputOffset()), "'%s' after the end of the array of events", kind)
	}
	return kind, nil
}

// noObject tells of a value that stands where an event should begin.
func (s *jsonSource) noObject() error {
	v, err := s.value(0)
	if err != nil {
		return err
	}
	return wrong(s.lines.of(s.in.InputOffset()), "expected a JSON object like {\"process\":0,\"type\":\"invoke\",\"f\":\"read\"}, found %s", v)
}

// event reads on behind the bracket of an object. It says whether the event is a client's.
func (s *jsonSource) event(e *Event, line int) (bool, error) {
	*e = Event{Line: line, Time: -1}
	var process, kind, f, index Value
	for s.peek() != jsontext.KindEndObject {
		name, err := s.value(1)
		if err != nil {
			return false, err
		}
		field, err := s.value(1)
		if err != nil {
			return false, err
		}
		switch name.Text {
		case "index":
			index = field
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
			if e.Time, err = moment(line, "time", field); err != nil {
				return false, err
			}
		}
	}
	if err := s.skip(); err != nil {
		return false, err
	}
	if s.index == 0 && process.Text == "nemesis" && f.Text == "begin" {
		s.own.model = e.Value.Field("model").Text
	}
	if s.own.model != "" && s.own.damage == "" && (index.Kind != Int || index.Int != int64(s.index)) {
		s.own.damage = fmt.Sprintf("line %d: index is %s, not %d: lines are missing, or not as zklab wrote them", line, index, s.index)
	}
	return fill(e, line, process, kind, f, "process", "type", "f")
}

// peek is what comes next; invalid, too, where there is nothing.
func (s *jsonSource) peek() jsontext.Kind {
	s.lines.token = s.in.InputOffset()
	return s.in.PeekKind()
}

// skip passes over a bracket; io.EOF if there is nothing more.
func (s *jsonSource) skip() error {
	_, err := s.in.ReadToken()
	return s.wrong(err)
}

// wrong is an error of the decoder's with its line.
func (s *jsonSource) wrong(err error) error {
	var syntax *jsontext.SyntacticError
	switch {
	case err == nil || err == io.EOF && s.lines.err == nil:
		return err
	case s.lines.err == errLongText:
		return wrong(s.lines.of(s.in.InputOffset()), "%v", errLongText)
	case s.lines.err != nil:
		return s.lines.err
	case errors.Is(err, io.ErrUnexpectedEOF):
		return wrong(s.lines.of(s.lines.read), "the file ends within an event, or before the end of the array of events")
	case errors.As(err, &syntax):
		return wrong(s.lines.of(syntax.ByteOffset), "%v", syntax.Err)
	}
	return wrong(s.lines.line, "%v", err)
}

func (s *jsonSource) value(depth int) (Value, error) {
	if depth > mostDepth {
		return Value{}, wrong(s.lines.of(s.in.InputOffset()), "collections within each other, more than %d deep", mostDepth)
	}
	switch kind := s.peek(); kind {
	case jsontext.KindBeginArray, jsontext.KindBeginObject:
		if err := s.skip(); err != nil {
			return Value{}, err
		}
		if kind == jsontext.KindBeginArray {
			return s.collection(List, jsontext.KindEndArray, depth)
		}
		return s.collection(Map, jsontext.KindEndObject, depth)
	default:
		raw, err := s.in.ReadValue()
		if err != nil {
			return Value{}, s.wrong(err)
		}
		return s.scalar(kind, raw)
	}
}

// collection reads on behind a bracket. The names in an object are values to it.
func (s *jsonSource) collection(kind Kind, end jsontext.Kind, depth int) (Value, error) {
	from := s.items.len()
	for s.peek() != end {
		v, err := s.value(depth + 1)
		if err != nil {
			return Value{}, err
		}
		if err := s.push(v); err != nil {
			return Value{}, err
		}
	}
	return Value{Kind: kind, Items: s.items.pop(from)}, s.skip()
}

func (s *jsonSource) scalar(kind jsontext.Kind, raw []byte) (Value, error) {
	switch kind {
	case jsontext.KindNull:
		return Value{}, nil
	case jsontext.KindTrue:
		return Value{Kind: Bool, Int: 1}, nil
	case jsontext.KindFalse:
		return Value{Kind: Bool}, nil
	case jsontext.KindString:
		text := raw[1 : len(raw)-1]
		if bytes.IndexByte(text, '\\') >= 0 {
			s.token, _ = jsontext.AppendUnquote(s.token[:0], raw) // what is no UTF-8 is replaced
			text = s.token
		}
		return Value{Kind: Text, Text: s.share(text)}, nil
	}
	if n, ok := number(raw); ok {
		return Value{Kind: Int, Int: n}, nil
	}
	if digits, ok := whole(raw); ok { // JSON knows one kind of number: 3.0 is 3
		if n, ok := number(digits); ok {
			return Value{Kind: Int, Int: n}, nil
		}
		raw = digits
	}
	return Value{Kind: Word, Text: s.share(raw)}, nil
}

// lineReader knows in which line what was read stands.
type lineReader struct {
	r     io.Reader
	read  int64   // bytes
	ends  []int64 // of lines that are not counted yet
	line  int     // of what was asked for last
	token int64   // where what is being read now begins
	err   error   // of the file, not io.EOF
}

var errLongText = fmt.Errorf("a text of more than %d bytes", mostText)

func (l *lineReader) Read(p []byte) (int, error) {
	if l.read-l.token > mostText+bufferSize {
		l.err = errLongText
		return 0, l.err
	}
	n, err := l.r.Read(p)
	for at := 0; ; at++ {
		next := bytes.IndexByte(p[at:n], '\n')
		if next < 0 {
			break
		}
		at += next
		l.ends = append(l.ends, l.read+int64(at))
	}
	l.read += int64(n)
	if err != nil && err != io.EOF {
		l.err = err
	}
	return n, err
}

// of is the line of a place, which lies behind those that were asked for before.
func (l *lineReader) of(offset int64) int {
	n := 0
	for n < len(l.ends) && l.ends[n] < offset {
		n++
	}
	l.line += n
	l.ends = append(l.ends[:0], l.ends[n:]...)
	return l.line
}
