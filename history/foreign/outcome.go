package foreign

import (
	"slices"
	"strings"

	"github.com/zklab/zklab/history"
)

// outcomes are the meanings of fields that may say how an operation ended.
const outcomes = 1<<doneField | 1<<doubtField | 1<<errorField | 1<<statusField

// outcome returns how an operation ended: as the line's type says, or else as its other fields say; "" if nothing
// says it. An unknown outcome counts more than a failure, and that counts more than a success.
func (x *line) outcome(word string) (history.Type, error) {
	typ := history.Type(word)
	if typ != history.OK && typ != history.Fail && typ != history.Info {
		typ = ""
	}
	if x.has&outcomes == 0 && word != returned {
		return typ, nil
	}
	ranks := []history.Type{"", history.OK, history.Fail, history.Info}
	said, by := history.Type(""), (*field)(nil)
	for i := range x.fields {
		g := &x.fields[i]
		if outcomes&(1<<g.meaning) == 0 || g.at == inInput || g.v.Kind == Nil || typ != "" && g.meaning == errorField {
			continue
		}
		s, err := x.says(g, typ)
		if err != nil {
			return "", err
		}
		if slices.Index(ranks, s) > slices.Index(ranks, said) {
			said, by = s, g
		}
	}
	switch {
	case typ == "" && said == "" && word == returned:
		return history.OK, nil
	case typ == "":
		return said, nil
	case said == "" || said == typ || typ == history.Info:
		return typ, nil
	}
	return "", wrong(x.number, "%s is %s, but %s is %s: say which one does not count, as in --field %s=ignore", x.names.kind, typ, x.label(by), by.v, by.name)
}

// says returns the outcome that a field says; "" if it says none.
func (x *line) says(g *field, typ history.Type) (history.Type, error) {
	means := map[bool]history.Type{true: history.OK, false: history.Fail}
	switch {
	case g.meaning == errorField:
		return failed(g.v), nil
	case g.meaning == statusField:
		s, known := statuses[strings.ToLower(plain(g.v))]
		if !known && typ == "" {
			return "", wrong(x.number, "%s is %s: expected ok, fail or unknown; if it does not say how the operation ended, say --field %s=ignore", x.label(g), g.v, g.name)
		}
		return s, nil
	case g.v.Kind != Bool:
		return "", wrong(x.number, "%s is %s: expected true or false; if it does not say how the operation ended, say --field %s=ignore", x.label(g), g.v, g.name)
	case g.meaning == doubtField:
		means = map[bool]history.Type{true: history.Info}
	}
	return means[g.v.Int != 0], nil
}

var statuses = map[string]history.Type{
	"ok": history.OK, "success": history.OK, "succeeded": history.OK,
	"fail": history.Fail, "refused": history.Fail, "rejected": history.Fail,
	"info": history.Info, "unknown": history.Info, "timeout": history.Info, "indeterminate": history.Info,
}

// failed returns the outcome that an error says. Two codes of MIT's course 6.5840 say more than that it is unknown: with
// another version an operation has no effect, and what it means that a key is not there depends on the operation (see
// [Event.Absent]).
func failed(v Value) history.Type {
	switch {
	case isWord(v, "ok none nil null success errnokey"):
		return history.OK
	case isWord(v, "errversion"):
		return history.Fail
	case v.isZero():
		return ""
	}
	return history.Info
}

// absent reports whether an operation ended with the answer that its key is not there.
func (x *line) absent(typ history.Type) bool {
	return typ == history.OK && isWord(x.value(errorField, onLine|inOutput), "errnokey")
}

// isWord reports whether a value is one of some words.
func isWord(v Value, words string) bool {
	return slices.Contains(strings.Fields(words), strings.ToLower(plain(v)))
}

// isZero reports whether a value is nil, false, 0, or empty.
func (v Value) isZero() bool { return v.Int == 0 && v.Text == "" && len(v.Items) == 0 }

func truth(v Value) bool { return v.Kind == Bool && v.Int != 0 }
