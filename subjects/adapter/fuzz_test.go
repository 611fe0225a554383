package adapter

import (
	"bytes"
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/zklab/zklab/internal/testkit/allocs"
	"github.com/zklab/zklab/internal/testkit/must"
)

// A program may print anything: the output is an answer or a breach of the protocol,
// and takes no more memory than its length.
func FuzzAnswers(f *testing.F) {
	for _, text := range []string{
		`{"id":1,"ok":{"version":1,"name":"x","offers":["lock"],"value":{"token":"0x10"}}}` + "\n",
		`{"id":2,"error":{"code":"c","message":"m","no_effect":true}}` + "\n" + `{"event":"lost","object":1}` + "\n",
		`{"id":0,"error":{"code":"bad-request","message":"m"}}` + "\n" + `{"id":9,"ok":{}}` + "\n", "hello\n", `{"id":1}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var err error
		allocs.Within(t, len(text), 1000, func() {
			x := &exchange{
				out: newOutbox(new(bytes.Buffer)), last: 3, ended: make(chan struct{}),
				pending:   map[int64]*call{1: {id: 1, answer: make(chan reply, 1)}, 3: {id: 3, answer: make(chan reply, 1)}},
				onEvent:   func(reply) error { return nil },
				onRefusal: func(f *failure) error { return against("refused: %s", f.Message) },
			}
			err = x.read(bytes.NewReader(text))
			x.end(err)
		})
		var m misbehaviour
		if !errors.Is(err, errSilent) && !errors.As(err, &m) {
			t.Fatalf("%v", err)
		}
	})
}

// A harness may ask for anything: each line is answered with a line, and Serve ends,
// whatever was asked.
func FuzzRequests(f *testing.F) {
	for _, text := range []string{
		`{"id":1,"op":"open","servers":["a:1"],"timeout_ms":1000}` + "\n" + `{"id":2,"op":"make","object":1,"recipe":"lock"}` + "\n",
		`{"id":1,"op":"ping"}` + "\n" + `{"id":2,"op":"cancel"}` + "\n" + `{"id":1,"op":"quit"}` + "\n", "hello\n{}\n[]\n",
		`{"id":3,"op":"call","operation":"acquire","object":1}` + "\n" + `{"id":3,"op":"call","operation":"release","object":1,"value":"AAE="}` + "\n",
	} {
		f.Add([]byte(text))
	}
	nobody := func(string, string, time.Duration) (net.Conn, error) { return nil, errors.New("nobody is there") }
	f.Fuzz(func(t *testing.T, text []byte) {
		if bytes.Contains(text, []byte(opOpen)) {
			return // the request would wait for an ensemble
		}
		var out bytes.Buffer
		must.Do(t, Serve(context.Background(), bytes.NewReader(text), &out, Subjects{Dial: nobody}))
		for line := range strings.Lines(out.String()) {
			must.Get(parseReply([]byte(line)))(t)
		}
	})
}

// However much a program writes to standard error, only a few short lines of it are
// kept.
func FuzzLastWords(f *testing.F) {
	f.Add([]byte("panic: x\n\tat y\r\n\n"), uint8(1))
	f.Add([]byte("\xff\xfe"+strings.Repeat("x", 3*wordsWidth)), uint8(3))
	f.Add([]byte(strings.Repeat("line\n", 3*wordsLines)), uint8(10))
	f.Fuzz(func(t *testing.T, text []byte, times uint8) {
		w := &lastWords{logf: func(string, ...any) {}}
		text = bytes.Repeat(text, int(times))
		allocs.Within(t, len(text), 1000, func() { w.read(bytes.NewReader(text)) })
		if len(w.lines) > wordsLines {
			t.Errorf("%d lines", len(w.lines))
		}
		for _, line := range w.lines {
			if line == "" || len(line) > wordsWidth || !utf8.ValidString(line) || strings.Contains(line, "\n") {
				t.Errorf("line %q", line)
			}
		}
	})
}
