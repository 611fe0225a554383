package foreign

import "errors"

// ParseValue parses one EDN value: 3, "text", :word, nil.
func ParseValue(text string) (Value, error) {
	s := &ednSource{scanner: &scanner{line: 1, buf: []byte(text), done: true, shared: map[string]string{}}}
	v, err := s.value(0)
	if err == nil {
		err = s.space()
	}
	if err == nil && !s.atEnd() {
		err = errors.New("expected one value")
	}
	var at *LineError
	if errors.As(err, &at) {
		err = errors.New(at.Reason)
	}
	return v, err
}
