package foreign

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
)

// Format is the format of a history.
type Format string

// The formats. Auto means that the beginning of the file shows the format.
const (
	Auto      Format = "auto"
	JSONL     Format = "jsonl"      // zklab's own, or JSON objects with process, type, f and value, one per line or in an array
	EDN       Format = "edn"        // Jepsen's history.edn: a vector of maps, or one map after another
	JepsenLog Format = "jepsen-log" // Jepsen's older log: INFO  jepsen.util - 0 :invoke :write 3
	// JepsenText is Jepsen's history.txt: 0 :invoke :write 3; or such lines in a newer log.
	JepsenText Format = "jepsen-txt"
	Porcupine  Format = "porcupine-kv" // porcupine's key-value tests: EDN maps with a :key; registers of strings, initially ""
	CSV        Format = "csv"          // lines of values, of which the first names the fields
)

// Description describes a format for people.
type Description struct {
	Format   Format
	About    string
	Examples []string // an example line of each of its forms
}

// Formats describes all formats except Auto.
func Formats() []Description {
	return []Description{
		{JSONL, "zklab's own history.jsonl, or JSON objects, one a line, in one array, or in an object as \"history\" or \"ops\": each an event with process, type, f, key and value; an event of tipocket or porcupine; or a whole operation", []string{
			`{"process":0,"type":"invoke","f":"write","value":3}`,
			`{"process":0,"f":"write","value":3,"start":1200,"end":1900}`,
			`{"ClientId":0,"Input":{"op":"write","key":"x","value":3},"Call":1200,"Output":null,"Return":1900}`,
			`{"ClientId":0,"Kind":false,"Value":{"op":"write","key":"x","value":3},"Id":7}`,
			`{"action":"call","proc":0,"data":{"op":"write","value":3}}`,
		}},
		{EDN, "Jepsen's history.edn: a vector of maps, or one map a line; a keyed value is [key value]; also tuples [0 :invoke :write 3]", []string{`{:process 0, :type :invoke, :f :write, :value 3}`}},
		{JepsenLog, "Jepsen's older text log; a failed compare-and-set says that the value was another", []string{`INFO  jepsen.util - 0 :invoke :write 3`}},
		{JepsenText, "Jepsen's history.txt, or its newer jepsen.log", []string{`0 :invoke :write 3`}},
		{Porcupine, "porcupine's key-value test files: get, put, append of text that is \"\" at first", []string{`{:process 0, :type :invoke, :f :get, :key "7", :value nil}`}},
		{CSV, "comma-separated values; the first line, or --columns, names the fields of JSON lines", []string{"process,type,f,value\n0,invoke,write,3"}},
	}
}

// known says what lines are like, for an error about a file that is in no format.
const known = `a line is an event, like {"process":0,"type":"invoke","f":"write","value":3}, or a whole operation, like {"process":0,"f":"write","value":3,"start":1200,"end":1900} (zklab check --help shows all forms)`

// ParseFormat returns the format with a name.
func ParseFormat(name string) (Format, error) {
	names := []string{string(Auto)}
	for _, d := range Formats() {
		names = append(names, string(d.Format))
	}
	for _, n := range names {
		if n == name {
			return Format(name), nil
		}
	}
	return "", fmt.Errorf("unknown format %q: use one of %s", name, strings.Join(names, ", "))
}

// ErrFormat reports that a file is in none of the formats.
var ErrFormat = errors.New("not a history in a known format")

// detect determines the format from the beginning of a file.
func detect(head []byte, given map[string]meaning) (Format, error) {
	text := bytes.TrimLeft(head, " \t\r\n,")
	if len(text) == 0 {
		return "", fmt.Errorf("%w: the file is empty", ErrFormat)
	}
	switch {
	case bytes.HasPrefix(head, []byte("\xff\xfe")), bytes.HasPrefix(head, []byte("\xfe\xff")):
		return "", fmt.Errorf("%w: it is in UTF-16: convert it to UTF-8", ErrFormat)
	case bareLike(text):
		return JepsenText, nil
	case columnsLack(text, given) == "":
		return CSV, nil
	}
	if !bytes.ContainsRune([]byte("{[(#"), rune(text[0])) {
		if f := logLike(text); f != "" {
			return f, nil
		}
	}
	for len(text) > 0 && text[0] == ';' { // a comment
		if i := bytes.IndexByte(text, '\n'); i >= 0 {
			text = bytes.TrimLeft(text[i:], " \t\r\n,")
		} else {
			text = nil
		}
	}
	switch inner := bytes.TrimLeft(bytes.TrimLeft(text, "[("), " \t\r\n,"); {
	case len(text) > 0 && text[0] != '(' && len(inner) > 0 && inner[0] == '{' && bytes.HasPrefix(bytes.TrimLeft(inner[1:], " \t\r\n"), []byte(`"`)):
		return JSONL, nil
	case len(text) > 0 && text[0] == '[' && tupleLike(inner):
		return EDN, nil
	case len(inner) > 0 && (inner[0] == '{' || inner[0] == '#'):
		if porcupineLike(inner) {
			return Porcupine, nil
		}
		return EDN, nil
	case len(text) > 1 && (text[0] == '[' || text[0] == '(') && (len(inner) == 0 || inner[0] == ']' || inner[0] == ')'):
		return EDN, nil // a history without events
	}
	if lacks := columnsLack(text, given); lacks != noColumns {
		return "", fmt.Errorf("%w: its first line may name columns, but none of them says %s: say which one does, as in --field Action=f (zklab check --help shows all forms)", ErrFormat, lacks)
	}
	const some = 40
	line, _, _ := bytes.Cut(text, []byte("\n"))
	return "", fmt.Errorf("%w: it begins with %q; %s", ErrFormat, line[:min(some, len(line))], known)
}

// tupleLike reports whether a vector's content is an event: 0 :invoke :write 3.
func tupleLike(text []byte) bool { return bareLike(bytes.ReplaceAll(text, []byte(","), []byte(" "))) }

// porcupineLike reports whether maps are porcupine's and not Jepsen's: they get, put or append, and
// have a key but neither index nor time.
func porcupineLike(text []byte) bool {
	first, _, _ := bytes.Cut(text, []byte("}"))
	does := func(f string) bool { return bytes.Contains(first, []byte(":f :"+f)) }
	return (does("get") || does("put") || does("append")) && bytes.Contains(first, []byte(":key \"")) && !bytes.Contains(first, []byte(":time")) && !bytes.Contains(first, []byte(":index"))
}
