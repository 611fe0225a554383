package adapter

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"

	"pgregory.net/rapid"

	"github.com/zklab/zklab/internal/contracts"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/subjects"
)

// Whatever a program prints becomes an answer, an event or an error, never a panic.
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

// talking returns an exchange and the program's ends of its streams.
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
		`{"id":7,"ok":{}}`:  "answered request 7, which was never sent",
		`{"id":-1,"ok":{}}`: "answered request -1, which was never sent",
		`{"ok":{}}`:         "answered request 0, which was never sent",
		`{"error":{"code":"bad-request","message":"no"}}`: "could not read a line: no",
		`{"id":1}`:                     "neither ok nor error nor event",
		`{"id":1,"ok":{"offers":17}}`:  "no reply",
		strings.Repeat("x", maxLine+1): "printed a line of more than",
		"":                             "no reply",
	} {
		synctest.Test(t, func(t *testing.T) {
			x, in, out, end := talking(func(reply) error { return nil })
			defer end()
			go func() { _, _ = io.Copy(io.Discard, in) }()
			first := must.Get(x.ask(request{Op: opPing}))(t)
			second := must.Get(x.ask(request{Op: opPing}))(t)
			go func() { _, _ = io.WriteString(out, line+"\n") }() // ends with out
			if _, err := x.await(second, nil); err == nil || !strings.Contains(err.Error(), says) {
				t.Errorf("%.60s: %v", line, err)
			}
			// Requests that were answered before stay answered.
			if _, err := x.await(first, nil); (err == nil) != strings.Contains(says, "twice") {
				t.Errorf("%.60s: %v", line, err)
			}
			if _, err := x.ask(request{Op: opPing}); err == nil {
				t.Errorf("%.60s: it goes on", line)
			}
		})
	}
}

// Requests to a program that does not read are queued, up to a bound.
func TestOutboxIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x, _, _, end := talking(func(reply) error { return nil })
		defer end()
		item := text(1 << 20)
		for n := 0; ; n++ {
			if _, err := x.ask(request{Op: opCall, Value: item}); errors.Is(err, errOutboxFull) {
				break
			} else if err != nil || n > 100 {
				t.Fatalf("request %d: %v", n, err)
			}
		}
		if _, err := x.ask(request{Op: opCall, Value: text(maxLine)}); err == nil {
			t.Error("a line that is too long was taken")
		}
	})
}

// text returns a JSON text of n bytes.
func text(n int) json.RawMessage { return json.RawMessage(`"` + strings.Repeat("x", n-2) + `"`) }

// Each object in another process offers exactly what that process declares.
func TestOffering(t *testing.T) {
	all := contracts.Elections.Offers()
	for set := range 1 << len(all) {
		var offers []string
		for i, o := range all {
			if set&(1<<i) != 0 {
				offers = append(offers, o)
			}
		}
		election, err := contracts.Elections.New(&subjects.Client{Remote: offering(offers)}, "/election", "0", nil)
		must.Do(t, err)
		for _, offer := range all {
			if election.Offers(offer) != has(offers, offer) {
				t.Errorf("offers %q: %s is %v", offers, offer, election.Offers(offer))
			}
		}
		_, lost := subjects.Offered[subjects.Holder](election.Subject())
		_, asked := subjects.Offered[contracts.Asked](election.Subject())
		_, closer := subjects.Offered[subjects.Closer](election.Subject())
		_, itemizer := subjects.Offered[subjects.Itemizer](election.Subject())
		if lost != has(offers, eventLost) || lost != asked || !closer || itemizer {
			t.Errorf("offers %q: closer %v, itemizer %v, lost %v, asked %v", offers, closer, itemizer, lost, asked)
		}
	}
}

// offering makes objects that offer only the listed abilities.
type offering []string

func (offering) Touch(context.Context, string) error { return nil }
func (o offering) Make(string, string, any, ...string) (subjects.Object, error) {
	return &object{made: &result{Offers: o}}, nil
}

// Errors keep their code, promise and meaning across the protocol.
func TestErrorsTravel(t *testing.T) {
	for _, code := range contracts.Codes() {
		was := contracts.ErrorOf(code)
		e := failed(was).of(context.Background())
		if !errors.Is(e, was) || contracts.Code(e) != code || subjects.NoEffect(e) || e.Error() != was.Error() {
			t.Errorf("%s: %v became %v", code, was, e)
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
