package adapter

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"

	"pgregory.net/rapid"

	"github.com/zklab/zklab/subjects"
)

// Whatever a program prints ends in an answer, an event or an error, never in a panic.
func TestAnyLine(t *testing.T) {
	part := rapid.SampledFrom([]string{
		"{", "}", `"id":`, "1", "0", "-3", `"ok":`, "{}", "null", `"error":`, `{"code":"x"}`, `"event":`, `"lost"`,
		",", `"object":`, `"hold":`, `"token":`, `"0x7"`, `"0xfffffffffffffffff"`, "[", "]", "\xff", `"item":"!"`, " ",
	})
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(part, 0, 20).Draw(t, "parts"), "")
		r, err := parseReply([]byte(text))
		if err != nil && (strings.Contains(err.Error(), "\n") || len(err.Error()) > 400) {
			t.Errorf("%q", err)
		}
		if err == nil && r.OK == nil && r.Error == nil && r.Event == "" {
			t.Errorf("%s says nothing: %+v", text, r)
		}
	})
}

// talking gives an exchange and the program's ends of its streams.
func talking(onEvent func(reply) error) (x *exchange, in io.Reader, out *io.PipeWriter, end func()) {
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	x = newExchange(outR, inW, onEvent, refusal)
	return x, inR, outW, func() {
		outW.Close()
		inR.Close()
		<-x.readEnd
		x.end(errSilent)
		<-x.out.done
	}
}

// Lines beyond the protocol end the exchange and everything that waits.
func TestExchangeEnds(t *testing.T) {
	for line, says := range map[string]string{
		`{"id":1,"ok":{}}` + "\n" + `{"id":1,"ok":{}}`: "answered request 1 twice",
		`{"id":7,"ok":{}}`:  "answered request 7, which there was not",
		`{"id":-1,"ok":{}}`: "answered request -1, which there was not",
		`{"ok":{}}`:         "answered request 0, which there was not",
		`{"error":{"code":"bad-request","message":"no"}}`: "could not read a line: no",
		`{"id":1}`:                     "neither ok nor error nor event",
		`{"id":1,"ok":{"token":17}}`:   "no reply",
		strings.Repeat("x", maxLine+1): "printed a line of more than",
		"":                             "no reply",
	} {
		synctest.Test(t, func(t *testing.T) {
			x, in, out, end := talking(func(reply) error { return nil })
			defer end()
			go func() { _, _ = io.Copy(io.Discard, in) }()
			first, err := x.ask(request{Op: opPing})
			if err != nil {
				t.Fatal(err)
			}
			second, err := x.ask(request{Op: opPing})
			if err != nil {
				t.Fatal(err)
			}
			go func() { _, _ = io.WriteString(out, line+"\n") }() // ends with out
			if _, err := x.await(second, nil); err == nil || !strings.Contains(err.Error(), says) {
				t.Errorf("%.60s: %v", line, err)
			}
			// What was answered before is answered.
			if _, err := x.await(first, nil); (err == nil) != strings.Contains(says, "twice") {
				t.Errorf("%.60s: %v", line, err)
			}
			if _, err := x.ask(request{Op: opPing}); err == nil {
				t.Errorf("%.60s: it goes on", line)
			}
		})
	}
}

// Nothing is kept back for a program that does not read, up to a bound.
func TestOutboxIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x, _, _, end := talking(func(reply) error { return nil })
		defer end()
		item := make([]byte, 1<<20)
		for n := 0; ; n++ {
			if _, err := x.ask(request{Op: opPut, Item: item}); errors.Is(err, errOutboxFull) {
				break
			} else if err != nil || n > 100 {
				t.Fatalf("request %d: %v", n, err)
			}
		}
		if _, err := x.ask(request{Op: opPut, Item: make([]byte, maxLine)}); err == nil {
			t.Error("a line that is too long was taken")
		}
	})
}

// Each object has exactly the methods that it offers.
func TestOffering(t *testing.T) {
	all := electionOffers
	for set := range 1 << len(all) {
		var offers []string
		for i, o := range all {
			if set&(1<<i) != 0 {
				offers = append(offers, o)
			}
		}
		s := offering(&object{made: &result{Offers: offers}})
		_, fence := s.(subjects.Fencer)
		_, session := s.(subjects.Owner)
		_, lost := s.(subjects.Holder)
		_, leader := s.(subjects.LeaderTeller)
		for offer, there := range map[string]bool{offerFence: fence, offerSession: session, offerLost: lost, offerLeader: leader} {
			if there != has(offers, offer) {
				t.Errorf("offers %q: %s is %v", offers, offer, there)
			}
		}
	}
}

// Errors keep their code, promise and meaning on the way.
func TestErrorsTravel(t *testing.T) {
	for _, c := range codes {
		e := failed(c.err).of(context.Background())
		if !errors.Is(e, c.err) || subjects.NoEffect(e) || e.Error() != c.err.Error() {
			t.Errorf("%v became %v", c.err, e)
		}
	}
	if e := failed(refused(codeUnknown, "no %s", "x")).of(context.Background()); !subjects.NoEffect(e) || e.Error() != "no x" {
		t.Errorf("%v", e)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 0)
	defer cancel()
	if e := failed(context.Canceled).of(ctx); !errors.Is(e, context.DeadlineExceeded) {
		t.Errorf("a call whose time was up: %v", e)
	}
}
