package foreign

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
)

// csvSource reads comma-separated values (RFC 4180). Its columns are the fields of a line.
type csvSource struct {
	*scanner
	in      *csv.Reader
	told    *told
	columns []string
	index   int
}

func newCSVSource(s *scanner, t *told, columns []string) *csvSource {
	s.ahead(1)
	rest := io.Reader(bytes.NewReader(s.buf[s.pos:]))
	if !s.done {
		rest = io.MultiReader(rest, s.r)
	}
	in := csv.NewReader(rest)
	in.TrimLeadingSpace, in.ReuseRecord = true, true
	in.FieldsPerRecord = len(columns)
	return &csvSource{scanner: s, in: in, told: t, columns: columns}
}

func (s *csvSource) next(e *Event) (bool, error) {
	if s.columns == nil {
		row, err := s.in.Read()
		if err != nil {
			return false, s.wrong(err)
		}
		s.columns = slices.Clone(row)
	}
	row, err := s.in.Read()
	if err != nil {
		return false, s.wrong(err)
	}
	x := &s.told.line
	at, _ := s.in.FieldPos(0)
	x.reset(at)
	for i, name := range s.columns {
		if row[i] != "" { // an empty cell is no field
			f := x.add(name, onLine)
			f.v = s.cell(row[i], f.isTime())
		}
	}
	mine, err := s.told.event(e)
	e.Index = s.index
	s.index++
	return mine, err
}

// wrong adds the line to an error of the reader.
func (s *csvSource) wrong(err error) error {
	var at *csv.ParseError
	switch {
	case s.err != nil:
		return s.err
	case errors.As(err, &at):
		return wrong(at.Line, "%v", at.Err)
	}
	return err
}

// cell returns the value of a cell: JSON or EDN if it is that, otherwise its text.
func (s *csvSource) cell(text string, time bool) Value {
	n, whole := number([]byte(text))
	switch folded := strings.ToLower(text); {
	case whole:
		return Value{Kind: Int, Int: n}
	case folded == "nil", folded == "null", folded == "none":
		return Value{}
	case folded == "true", folded == "false":
		return Value{Kind: Bool, Int: int64(len("false") - len(folded))}
	case time:
	case json.Valid([]byte(text)):
		s.begin()
		in := jsonSource{scanner: s.scanner, lines: &lineReader{line: 1}, raw: append([]byte(text), ' ')}
		if v, err := in.value(0); err == nil {
			return v
		}
	case strings.ContainsAny(text[:1], ":[{#"):
		if v, err := ParseValue(text); err == nil {
			return v
		}
	}
	return Value{Kind: Text, Text: text}
}

// noColumns means that a file does not begin with names of columns.
const noColumns = "no names"

// columnsLack returns what no column says of a file that begins with the names of columns: "" if they say all that
// every line needs.
func columnsLack(text []byte, given map[string]meaning) string {
	first, _, _ := bytes.Cut(text, []byte("\n"))
	names, err := csv.NewReader(bytes.NewReader(first)).Read()
	if err != nil || len(names) < 3 {
		return noColumns
	}
	x, has := line{given: given}, uint64(0)
	for _, name := range names {
		name = strings.TrimSpace(name)
		if strings.ContainsAny(name, "{}[]():\" ") || numeric([]byte(name)) {
			return noColumns
		}
		has |= 1 << x.declared(name, onLine).meaning
	}
	switch {
	case has>>processField&1 == 0:
		return "whose event it is (process)"
	case has>>operationField&1 == 0:
		return "the operation (f)"
	case (has>>kindField|has>>startField)&1 == 0:
		return "what kind of event it is (type), or when the operation began (start)"
	}
	return ""
}
