package stats

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/history"
)

// grant gives the key to the client at that millisecond, which is the token.
func (b *builder) grant(client, at int) *builder {
	t := time.Duration(at) * ms
	b.invoke(t-ms, client, history.FAcquire, "k", nil)
	return b.ok(t, client, history.FAcquire, "k", history.Grant{Token: history.ID(at)})
}

func TestHolds(t *testing.T) {
	held := history.Held{Held: true}
	tests := []struct {
		name  string
		write func(b *builder)
		want  Hold
	}{
		{"released", func(b *builder) {
			b.invoke(50*ms, 0, history.FRelease, "k", held).ok(60*ms, 0, history.FRelease, "k", nil)
		}, Hold{Span: Span{Until: 50 * ms}, Believed: 50 * ms}},
		{"release unknown", func(b *builder) {
			b.invoke(50*ms, 0, history.FRelease, "k", held).event(60*ms, 0, history.Info, history.FRelease, "k", nil)
		}, Hold{Span: Span{Until: 50 * ms}, Believed: 50 * ms}},
		{"failed release ends nothing", func(b *builder) {
			b.invoke(50*ms, 0, history.FRelease, "k", held).event(60*ms, 0, history.Fail, history.FRelease, "k", nil)
			b.invoke(70*ms, 0, history.FRelease, "k", held).ok(80*ms, 0, history.FRelease, "k", nil)
		}, Hold{Span: Span{Until: 70 * ms}, Believed: 70 * ms}},
		{"told that it was lost", func(b *builder) {
			b.session(40*ms, 0, history.FLost, "k", 0, history.LostHold{Token: 10})
			b.invoke(50*ms, 0, history.FRelease, "k", history.Held{}).ok(60*ms, 0, history.FRelease, "k", nil)
		}, Hold{Span: Span{Until: 40 * ms}, Believed: 40 * ms, Lost: true}},
		{"news of an older hold", func(b *builder) {
			b.session(40*ms, 0, history.FLost, "k", 0, history.LostHold{Token: 9})
			b.invoke(50*ms, 0, history.FRelease, "k", held).ok(60*ms, 0, history.FRelease, "k", nil)
		}, Hold{Span: Span{Until: 50 * ms}, Believed: 50 * ms}},
		{"lost at release, believed up to the last confirm", func(b *builder) {
			b.invoke(20*ms, 0, history.FConfirm, "k", nil).ok(21*ms, 0, history.FConfirm, "k", held)
			b.invoke(50*ms, 0, history.FRelease, "k", history.Held{}).ok(60*ms, 0, history.FRelease, "k", nil)
		}, Hold{Span: Span{Until: 50 * ms}, Believed: 21 * ms, Lost: true}},
		{"confirm says no", func(b *builder) {
			b.invoke(20*ms, 0, history.FConfirm, "k", nil).ok(21*ms, 0, history.FConfirm, "k", history.Held{})
		}, Hold{Span: Span{Until: 21 * ms}, Believed: 10 * ms, Lost: true}},
		{"never ended", func(b *builder) {
			b.invoke(30*ms, 0, history.FConfirm, "k", nil).ok(31*ms, 0, history.FConfirm, "k", held)
			b.fact(100*ms, history.FEnd, nil)
		}, Hold{Span: Span{Until: 100 * ms}, Believed: 31 * ms, Open: true}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var b builder
			b.grant(0, 10)
			tt.write(&b)
			tt.want.From, tt.want.Key, tt.want.Token = 10*ms, "k", 10
			if d := cmp.Diff([]Hold{tt.want}, Holds(&b.h)); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestConfirmOpensAHold(t *testing.T) {
	var b builder
	b.grant(0, 10)
	b.session(20*ms, 0, history.FLost, "k", 0, history.LostHold{Token: 10})
	b.invoke(30*ms, 0, history.FConfirm, "k", nil).ok(31*ms, 0, history.FConfirm, "k", history.Held{Held: true, Token: 30})
	b.invoke(40*ms, 0, history.FRelease, "k", history.Held{Held: true}).ok(41*ms, 0, history.FRelease, "k", nil)
	want := []Hold{
		{Span: Span{From: 10 * ms, Until: 20 * ms}, Key: "k", Token: 10, Believed: 20 * ms, Lost: true},
		{Span: Span{From: 31 * ms, Until: 40 * ms}, Key: "k", Token: 30, Believed: 40 * ms},
	}
	if d := cmp.Diff(want, Holds(&b.h)); d != "" {
		t.Error(d)
	}
}

func TestOverlapsAndContention(t *testing.T) {
	var b builder
	held := history.Held{Held: true}
	b.grant(0, 10)
	b.invoke(15*ms, 1, history.FAcquire, "k", nil) // contended: 0 holds
	b.ok(20*ms, 1, history.FAcquire, "k", nil)     // and believed at the same time
	b.invoke(30*ms, 0, history.FRelease, "k", held).ok(31*ms, 0, history.FRelease, "k", nil)
	b.invoke(40*ms, 1, history.FRelease, "k", held).ok(41*ms, 1, history.FRelease, "k", nil)
	b.invoke(40*ms, 2, history.FAcquire, "k", nil).ok(50*ms, 2, history.FAcquire, "k", nil) // at the end: not contended
	want := []Overlap{{Span: Span{From: 20 * ms, Until: 30 * ms}, Key: "k", Clients: [2]int{0, 1}}}
	if d := cmp.Diff(want, Overlaps(Holds(&b.h))); d != "" {
		t.Error(d)
	}
	if got := Compute(&b.h).Contended; got < 0.333 || got > 0.334 {
		t.Errorf("contended %v, want a third", got)
	}
}
