package history

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/internal/testkit/must"
)

const beginLine = `{"index":0,"time":0,"process":"nemesis","client":-1,"type":"info","f":"begin","value":{"version":1,"model":"lock","params":{"clients":2}}}` + "\n"

const (
	invokeLine = `{"index":1,"time":10,"process":0,"client":0,"type":"invoke","f":"acquire","key":"k"}` + "\n"
	okLine     = `{"index":2,"time":20,"process":0,"client":0,"type":"ok","f":"acquire","key":"k","value":{"token":"0x7"}}` + "\n"
	endLine    = `{"index":3,"time":30,"process":"nemesis","client":-1,"type":"info","f":"end"}` + "\n"
)

// lines numbers events by their place and puts them after the line of the beginning.
func lines(events ...string) string {
	text := beginLine
	for i, e := range events {
		text += fmt.Sprintf(`{"index":%d,%s}`+"\n", i+1, e)
	}
	return text
}

func TestReadWholeHistory(t *testing.T) {
	for name, text := range map[string]string{
		"as written":      beginLine + invokeLine + okLine + endLine,
		"without newline": strings.TrimSuffix(beginLine+invokeLine+okLine+endLine, "\n"),
		"CRLF":            strings.ReplaceAll(beginLine+invokeLine+okLine+endLine, "\n", "\r\n"),
		"unknown fields":  strings.ReplaceAll(beginLine+invokeLine+okLine+endLine, `"index"`, `"mood":"good","index"`),
	} {
		h := mustRead(t, text)
		if !h.Complete || h.Truncated || h.Damage != nil || len(h.Events) != 4 {
			t.Errorf("%s: complete %v, truncated %v, %d events, damage %q", name, h.Complete, h.Truncated, len(h.Events), h.Damage)
			continue
		}
		want := Event{Index: 2, Time: 20, Type: OK, F: "acquire", Key: "k", Value: []byte(`{"token":"0x7"}`)}
		if d := cmp.Diff(want, h.Events[2]); d != "" {
			t.Errorf("%s: %s", name, d)
		}
		if h.Header.Model != "lock" || h.Header.Params.Clients != 2 {
			t.Errorf("%s: header is %+v", name, h.Header)
		}
	}
}

// A crash can cut the last line off at any byte.
func TestReadHistoryCutOffAnywhere(t *testing.T) {
	whole := beginLine + invokeLine + okLine + endLine
	for cut := len(beginLine); cut < len(whole); cut++ {
		h, err := Read(strings.NewReader(whole[:cut]))
		if err != nil {
			t.Fatalf("cut at %d: %v", cut, err)
		}
		rest := whole[strings.LastIndex(whole[:cut], "\n")+1 : cut]
		closed := rest == "" || whole[cut] == '\n'
		events := strings.Count(whole[:cut], "\n")
		if closed && rest != "" {
			events++
		}
		if h.Truncated == closed || len(h.Events) != events || h.Damage != nil || h.Complete != (events == 4) {
			t.Errorf("cut at %d: truncated %v, complete %v, %d events, damage %q",
				cut, h.Truncated, h.Complete, len(h.Events), h.Damage)
		}
	}
	for cut := range len(beginLine) - 1 {
		if _, err := Read(strings.NewReader(whole[:cut])); !errors.Is(err, ErrForeign) {
			t.Errorf("cut in the first line at %d: error is %v", cut, err)
		}
	}
}

func TestReadForeign(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"empty":       {"", "is empty"},
		"text":        {"hello\n", `its first line is "hello"; expected the event {"index":0`},
		"binary":      {"\x7fELF\x02\x01\x00\x00" + strings.Repeat("\x00", 3*MaxLine), `"\x7fELF`},
		"EDN":         {"{:process 0, :type :invoke}\n", "is EDN"},
		"other JSON":  {`{"name":"x"}` + "\n", "is other JSON"},
		"JSON array":  {"[1,2]\n", `is "[1,2]"`},
		"half a line": {`{"index":0,"ti`, "no whole JSON object"},
		"no head":     {okLine, "starts in the middle, with acquire"},
		"version":     {strings.Replace(beginLine, `"version":1`, `"version":7`, 1), "of version 7: read it with"},
		"no version":  {strings.Replace(beginLine, `"version":1,`, "", 1), "of version 0"},
		"no header":   {strings.Replace(beginLine, `"value":`, `"other":`, 1), "of version 0"},
		"odd version": {strings.Replace(beginLine, `"version":1`, `"version":"x"`, 1), "line 1"},
		"blank line":  {"\n" + beginLine, `is ""`},
		"packed":      {"\x1f\x8b\x08\x00", "packed by gzip: unpack the file"},
		"two bytes":   {"\xff\xfe{\x00", "in UTF-16: convert the file to UTF-8"},
	} {
		_, err := Read(strings.NewReader(c.text))
		if !errors.Is(err, ErrForeign) {
			t.Errorf("%s: error is %v", name, err)
			continue
		}
		if text := err.Error(); !strings.Contains(text, c.want) || strings.Contains(text, "\n") || len(text) > 300 {
			t.Errorf("%s: error is %q, want %q in it", name, text, c.want)
		}
	}
}

func TestReadByteOrderMark(t *testing.T) {
	h, err := Read(strings.NewReader("\ufeff" + beginLine + invokeLine))
	if err != nil || len(h.Events) != 2 || h.Header.Model == "" {
		t.Errorf("%+v, %v", h, err)
	}
}

func TestReadDamagedLine(t *testing.T) {
	before := beginLine + invokeLine
	for name, c := range map[string]struct {
		line, want string
	}{
		"cut in the middle":   {okLine[:30] + "\n", "unexpected end"},
		"two in one":          {okLine[:30] + okLine, "invalid character"},
		"blank":               {"\n", "expected a JSON object, found nothing"},
		"zeros":               {strings.Repeat("\x00", 50), "invalid character"},
		"too long":            {`{"key":"` + strings.Repeat("x", MaxLine) + `"}` + "\n", "longer"},
		"much too long":       {`{"key":"` + strings.Repeat("x", 2*MaxLine) + `"}` + "\n", "longer"},
		"too long, no end":    {strings.Repeat("x", MaxLine+1), "longer"},
		"array":               {"[]\n", "it is an array: expected an object"},
		"time as a text":      {`{"index":2,"time":"20","process":0,"client":0,"type":"ok","f":"x"}` + "\n", "time is a string: expected a whole number of nanoseconds"},
		"time beyond 64 bits": {`{"index":2,"time":99999999999999999999,"process":0,"client":0,"type":"ok","f":"x"}` + "\n", "time is a number 99999999999999999999: expected"},
		"time that is none":   {`{"index":2,"time":9223372036854775807,"process":0,"client":0,"type":"ok","f":"x"}` + "\n", "time is 9223372036854775807: expected at most 4611686018427387903 nanoseconds"},
		"just too late":       {`{"index":2,"time":4611686018427387904,"process":0,"client":0,"type":"ok","f":"x"}` + "\n", "time is 4611686018427387904: expected at most"},
		"alive for ever":      {`{"index":2,"time":20,"process":0,"client":0,"type":"ok","f":"x","alive":9223372036854775807}` + "\n", "alive is 9223372036854775807: expected at most"},
		"alive before all":    {`{"index":2,"time":20,"process":0,"client":0,"type":"ok","f":"x","alive":-1}` + "\n", "alive is -1, before the beginning"},
		"never intended":      {`{"index":2,"time":20,"process":0,"client":0,"type":"ok","f":"x","intended":4611686018427387904}` + "\n", "intended is 4611686018427387904: expected at most"},
		"key as a number":     {`{"index":2,"time":20,"process":0,"client":0,"type":"ok","f":"x","key":1}` + "\n", "key is a number: expected a string"},
		"half a client":       {`{"index":2,"time":20,"process":0,"client":1.5,"type":"ok","f":"x"}` + "\n", "client is a number 1.5: expected a whole number of 64 bits"},
		"null":                {"null\n", "no index"},
		"no index":            {`{"time":1,"process":0,"client":0,"type":"ok","f":"x"}` + "\n", "no index"},
		"no time":             {`{"index":2,"process":0,"client":0,"type":"ok","f":"x"}` + "\n", "no time"},
		"no process":          {`{"index":2,"time":20,"client":0,"type":"ok","f":"x"}` + "\n", "no process"},
		"no client":           {`{"index":2,"time":20,"process":0,"type":"ok","f":"x"}` + "\n", "no client"},
		"no type":             {`{"index":2,"time":20,"process":0,"client":0,"f":"x"}` + "\n", "no type"},
		"no f":                {`{"index":2,"time":20,"process":0,"client":0,"type":"ok"}` + "\n", "no f"},
		"odd type":            {`{"index":2,"time":20,"process":0,"client":0,"type":"okay","f":"x"}` + "\n", `"okay"`},
		"odd process":         {`{"index":2,"time":20,"process":"me","client":0,"type":"ok","f":"x"}` + "\n", `"me"`},
		"odd session":         {`{"index":2,"time":20,"process":0,"client":0,"type":"ok","f":"x","session":12}` + "\n", "12"},
		"client of nobody":    {`{"index":2,"time":20,"process":0,"client":-1,"type":"ok","f":"x"}` + "\n", "no client"},
		"before the start":    {`{"index":2,"time":-5,"process":0,"client":0,"type":"ok","f":"x"}` + "\n", "before the beginning"},
		"whole, then no more": {`{"index":2}`, "no time"},
	} {
		for _, after := range []string{"", endLine} {
			if after != "" && !strings.HasSuffix(c.line, "\n") {
				continue // the cut line would form one line with what follows
			}
			_, err := Read(strings.NewReader(before + c.line + after))
			var damaged *DamagedError
			if !errors.As(err, &damaged) || !errors.Is(err, ErrDamaged) || errors.Is(err, ErrForeign) {
				t.Errorf("%s: error is %v", name, err)
				continue
			}
			if damaged.Line != 3 || !strings.Contains(err.Error(), "line 3: ") || !strings.Contains(damaged.Reason, c.want) {
				t.Errorf("%s: error is %q in line %d, want %q in line 3", name, err, damaged.Line, c.want)
			}
		}
	}
	_, err := Read(strings.NewReader(strings.Replace(beginLine, `"clients":2`, `"clients":"two"`, 1)))
	if !errors.Is(err, ErrDamaged) {
		t.Errorf("a header with an odd field: %v", err)
	}
}

func TestReadHandsErrorsOn(t *testing.T) {
	broken := errors.New("disk on fire")
	for _, text := range []string{"", beginLine, beginLine + invokeLine[:20]} {
		r := &failing{text: text, err: broken}
		if _, err := Read(r); !errors.Is(err, broken) {
			t.Errorf("after %d bytes: error is %v", len(text), err)
		}
	}
	if _, err := Open(filepath.Join(t.TempDir(), "absent")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("absent file: %v", err)
	}
	path := filepath.Join(t.TempDir(), "foreign")
	must.Do(t, os.WriteFile(path, []byte("x"), 0o600))
	if _, err := Open(path); !errors.Is(err, ErrForeign) || !strings.HasPrefix(err.Error(), path) {
		t.Errorf("foreign file: %v", err)
	}
}

// failing is a reader that returns some text and then an error.
type failing struct {
	text string
	err  error
}

func (f *failing) Read(p []byte) (int, error) {
	if f.text == "" {
		return 0, f.err
	}
	n := copy(p, f.text)
	f.text = f.text[n:]
	return n, nil
}

func TestReadLongLinesByteByByte(t *testing.T) {
	long := strings.Repeat("x", 200_000)
	text := lines(`"time":1,"process":0,"client":0,"type":"invoke","f":"enqueue","key":"`+long+`"`) + okLine
	h := must.Get(Read(iotest.HalfReader(strings.NewReader(text))))(t)
	if h.Events[1].Key != long || h.Events[2].F != "acquire" {
		t.Error("a long line was not read as it is")
	}
}

func TestNullIsNoValue(t *testing.T) {
	h := mustRead(t, lines(`"time":1,"process":0,"client":0,"type":"invoke","f":"dequeue","value":null`))
	if h.Events[1].Value != nil {
		t.Errorf("value is %q", h.Events[1].Value)
	}
	var b bytes.Buffer
	r := NewRecorder(&b, lockHeader)
	var none *item
	if e := r.Record(Event{Type: OK, F: "dequeue", Value: Value(none)}); e.Value != nil {
		t.Errorf("recorded value is %q", e.Value)
	}
	r.Close()
	if strings.Contains(b.String(), "null") {
		t.Errorf("written: %s", b.String())
	}
}

// A file may be packed by gzip.
func TestOpenPacked(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	must.Get(z.Write([]byte(beginLine + invokeLine + okLine + endLine)))(t)
	must.Do(t, z.Close())
	path := filepath.Join(t.TempDir(), "history.jsonl.gz")
	for name, c := range map[string]struct {
		data []byte
		want string
	}{"whole": {packed.Bytes(), ""}, "cut off": {packed.Bytes()[:packed.Len()-6], "truncated or damaged"}} {
		must.Do(t, os.WriteFile(path, c.data, 0o600))
		got, err := Open(path)
		if c.want == "" && (err != nil || got.Header.Model != "lock") {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
		if c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
