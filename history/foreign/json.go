package foreign

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
)

// jsonSource reads JSON objects, one after another, or one array of them. Package encoding/json
// splits the file into objects and rejects invalid JSON. The values in an object are parsed here:
// the decoder's tokens take more than three times as long, and replace invalid UTF-8.
type jsonSource struct {
	*scanner
	lines *lineReader
	in    *json.Decoder
	index int
	told  *told
	own   *own // of a zklab history
	array bool // the objects are within an array
	began bool
	// The array may be within an object.
	wrapped bool
	listed  bool   // the array has begun
	head    []byte // of the file

	raw   json.RawMessage // the event
	start int64           // offset in the file
	at    int             // position of the next byte in raw
}

func newJSONSource(s *scanner, t *told, o *own) *jsonSource {
	s.ahead(firstBuffer) // enough for a short file
	rest := io.Reader(bytes.NewReader(s.buf[s.pos:]))
	if !s.done {
		rest = bufio.NewReaderSize(io.MultiReader(rest, s.r), bufferSize)
	}
	lines := &lineReader{r: rest, most: mostEvent, line: 1, err: s.err}
	return &jsonSource{scanner: s, lines: lines, in: json.NewDecoder(lines), told: t, own: o, head: s.buf[s.pos:]}
}

func (s *jsonSource) next(e *Event) (bool, error) {
	s.lines.from = s.in.InputOffset()
	if err := s.between(); err != nil {
		return false, err
	}
	if err := s.in.Decode(&s.raw); err != nil {
		return false, s.wrong(err)
	}
	s.start, s.at = s.in.InputOffset()-int64(len(s.raw)), 0
	s.begin()
	if s.raw[0] != '{' {
		return false, s.noObject()
	}
	mine, err := s.event(e, s.here())
	if err != nil {
		return false, err
	}
	e.Index = s.index
	s.index++
	return mine, nil
}

// between skips to the next object. It returns io.EOF after an array of them.
func (s *jsonSource) between() error {
	more := s.in.More() // skips to it
	if !s.began {
		s.began = true
		var first [1]byte
		_, _ = s.in.Buffered().Read(first[:]) // none in an empty file
		if s.wrapped = first[0] == '{' && wrapped(s.head); s.wrapped {
			_, _ = s.in.Token()
			if err := s.around(); err != nil {
				return err
			}
		}
		if s.array = s.wrapped || first[0] == '['; s.array {
			_, _ = s.in.Token()
			more = s.in.More()
		}
	}
	if more || !s.array {
		return nil
	}
	if _, err := s.in.Token(); err != nil { // the closing bracket of the array
		return s.wrong(err)
	}
	if s.wrapped {
		if err := s.around(); err != nil {
			return err
		}
		if _, err := s.in.Token(); err != nil { // the closing bracket of the object around it
			return s.wrong(err)
		}
	}
	s.array = false
	t, err := s.in.Token()
	if err == nil {
		return wrong(s.lines.of(s.in.InputOffset()), "'%.40v' after the end of the array of events", t)
	}
	return s.wrong(err)
}

// lists are the names under which an object holds the list of events.
var lists = []string{"history", "ops", "operations", "events"}

// wrapped reports whether a file begins with an object that holds the list of events.
func wrapped(head []byte) bool {
	in := json.NewDecoder(bytes.NewReader(head))
	if _, err := in.Token(); err != nil { // the brace
		return false
	}
	for in.More() {
		t, err := in.Token()
		if name, _ := t.(string); slices.Contains(lists, canonical(name)) {
			t, err = in.Token()
			return err == nil && t == json.Delim('[')
		}
		var skipped json.RawMessage
		if err != nil || in.Decode(&skipped) != nil {
			return false
		}
	}
	return false
}

// around passes over the fields of the object around the list of events, up to the list or to the end.
func (s *jsonSource) around() error {
	for s.in.More() {
		t, err := s.in.Token()
		name, _ := t.(string)
		if err == nil && !s.listed && slices.Contains(lists, canonical(name)) {
			s.listed = true
			return nil
		}
		if err == nil {
			s.told.passed.around = append(s.told.passed.around, name)
			err = s.in.Decode(&s.raw)
		}
		if err != nil {
			return s.wrong(err)
		}
	}
	return nil
}

// noObject returns an error about a value where an event should begin.
func (s *jsonSource) noObject() error {
	v, err := s.value(0)
	if err != nil {
		return err
	}
	return wrong(s.here(), "expected a JSON object like {\"process\":0,\"type\":\"invoke\",\"f\":\"read\"}, found %s", v)
}

// event reads an object. It reports whether the event is a client's.
func (s *jsonSource) event(e *Event, at int) (bool, error) {
	x := &s.told.line
	x.reset(at)
	s.at++ // the bracket
	for s.peek() != '}' {
		name, err := s.value(1)
		if err != nil {
			return false, err
		}
		f := x.add(name.Text, onLine)
		read := s.value
		if f.isTime() {
			read = s.asWritten
		}
		if f.v, err = read(1); err != nil {
			return false, err
		}
	}
	if s.index == 0 && x.value(processField, onLine).Text == "nemesis" && x.value(operationField, onLine).Text == "begin" {
		s.own.model = x.value(valueField, onLine).Field("model").Text
		s.told.own = s.own.model != ""
	}
	if s.told.own && s.own.damage == "" {
		if index := x.value(ignored, onLine); index.Kind != Int || index.Int != int64(s.index) {
			s.own.damage = fmt.Sprintf("line %d: index is %s, not %d: lines are missing, or not as zklab wrote them", at, index, s.index)
		}
	}
	return s.told.event(e)
}

// asWritten is like value, but leaves a number as it is written: for a time, 1.0 is not 1.
func (s *jsonSource) asWritten(depth int) (Value, error) {
	if c := s.peek(); c != '-' && (c < '0' || c > '9') {
		return s.value(depth)
	}
	token := s.numeral()
	if n, ok := number(token); ok {
		return Value{Kind: Int, Int: n}, nil
	}
	return Value{Kind: Word, Text: s.share(token)}, nil
}

// here returns the line of the next byte of the event.
func (s *jsonSource) here() int { return s.lines.of(s.start + int64(s.at)) }

// wrong adds the line to an error of the decoder.
func (s *jsonSource) wrong(err error) error {
	var syntax *json.SyntaxError
	switch {
	case s.lines.err == errLongEvent:
		return wrong(s.lines.of(s.in.InputOffset()), "%v", errLongEvent)
	case s.lines.err != nil:
		return s.lines.err
	case err == io.EOF && !s.array:
		return err
	case err == io.EOF || err == io.ErrUnexpectedEOF:
		return wrong(s.lines.of(s.lines.read), "the file ends within an event, or before the end of the array of events")
	case errors.As(err, &syntax):
		return wrong(s.lines.of(s.in.InputOffset()+s.behind(syntax)), "%v", err)
	}
	return wrong(s.lines.line, "%v", err)
}

// behind returns how far the byte of an error is after the decoder's position. The error's own offset
// leaves out what is between the elements of an array.
func (s *jsonSource) behind(e *json.SyntaxError) int64 {
	var again *json.SyntaxError
	rest, _ := io.ReadAll(s.in.Buffered())
	if errors.As(json.Unmarshal(rest, new(json.RawMessage)), &again) && again.Error() == e.Error() {
		return max(0, again.Offset-1)
	}
	return 0
}

// peek returns the first byte of the next token in the event, after separators.
func (s *jsonSource) peek() byte {
	for {
		switch c := s.raw[s.at]; c {
		case ' ', '\t', '\r', '\n', ',', ':':
			s.at++
		default:
			return c
		}
	}
}

func (s *jsonSource) value(depth int) (Value, error) {
	c := s.peek()
	if depth > mostDepth {
		return Value{}, wrong(s.here(), "collections within each other, more than %d deep", mostDepth)
	}
	switch c {
	case '[':
		return s.collection(List, ']', depth)
	case '{':
		return s.collection(Map, '}', depth)
	case '"':
		return s.text()
	case 'n':
		s.at += len("null")
		return Value{}, nil
	case 't':
		s.at += len("true")
		return Value{Kind: Bool, Int: 1}, nil
	case 'f':
		s.at += len("false")
		return Value{Kind: Bool}, nil
	}
	return s.number(), nil
}

// collection reads a list or an object. It treats the names in an object as values.
func (s *jsonSource) collection(kind Kind, end byte, depth int) (Value, error) {
	from := s.items.len()
	s.at++ // the bracket
	for s.peek() != end {
		v, err := s.value(depth + 1)
		if err != nil {
			return Value{}, err
		}
		if s.count++; s.count > mostItems {
			return Value{}, wrong(s.here(), "an event of more than %d values", mostItems)
		}
		s.items.push(v)
	}
	s.at++
	return Value{Kind: kind, Items: s.items.pop(from)}, nil
}

// text reads a string. Invalid UTF-8 stays as it is, so that different strings stay different; only
// a string with escapes becomes valid UTF-8.
func (s *jsonSource) text() (Value, error) {
	from, escaped := s.at, false
	for s.at++; s.raw[s.at] != '"'; s.at++ {
		if s.raw[s.at] == '\\' {
			s.at++
			escaped = true
		}
	}
	s.at++
	quoted := s.raw[from:s.at]
	if len(quoted)-len(`""`) > mostText {
		return Value{}, wrong(s.here(), "a text of more than %d bytes", mostText)
	}
	if !escaped {
		return Value{Kind: Text, Text: s.share(quoted[1 : len(quoted)-1])}, nil
	}
	v := Value{Kind: Text}
	err := json.Unmarshal(quoted, &v.Text)
	return v, err
}

// number returns an integer if the number is one: JSON has one kind of number, and 3.0 is 3.
func (s *jsonSource) number() Value {
	token := s.numeral()
	if n, ok := number(token); ok {
		return Value{Kind: Int, Int: n}
	}
	if digits, ok := whole(token); ok {
		if n, ok := number(digits); ok {
			return Value{Kind: Int, Int: n}
		}
		token = digits
	}
	return Value{Kind: Word, Text: s.share(token)}
}

// numeral reads the characters of a number.
func (s *jsonSource) numeral() []byte {
	from := s.at
	for s.at < len(s.raw) && s.raw[s.at] > ' ' && s.raw[s.at] != ',' && s.raw[s.at] != ']' && s.raw[s.at] != '}' {
		s.at++
	}
	return s.raw[from:s.at]
}

// lineReader knows the line number of what was read.
type lineReader struct {
	r    io.Reader
	most int64   // bytes of an event that may be read
	read int64   // bytes
	ends []int64 // of lines that are not counted yet
	line int     // of the last offset asked for
	from int64   // where the decoder began to read the present event
	err  error   // of the file, not io.EOF
}

// mostEvent limits the bytes of an event, which are in memory all at once.
const mostEvent = 256 << 20

var errLongEvent = fmt.Errorf("an event of more than %d bytes", mostEvent)

func (l *lineReader) Read(p []byte) (int, error) {
	if l.read-l.from > l.most {
		l.err = errLongEvent
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

// of returns the line of an offset, which must not be before earlier ones.
func (l *lineReader) of(offset int64) int {
	n := 0
	for n < len(l.ends) && l.ends[n] < offset {
		n++
	}
	l.line += n
	l.ends = append(l.ends[:0], l.ends[n:]...)
	return l.line
}
