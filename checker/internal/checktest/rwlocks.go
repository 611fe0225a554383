package checktest

import (
	"math/rand/v2"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// RWLock begins the record of a read-write lock k.
func RWLock() *Record {
	return Ours(models.RWLock.Name, history.Params{Clients: 4}).offers(history.Offers{Fencing: true, TellsLost: true})
}

// Reads adds a hold for reading.
func (r *Record) Reads(g Grant) *Record {
	g.Wish = models.Wish{Mode: models.ToRead}
	return r.Hold(g)
}

// Downgrade adds a downgrade, which turns a client's hold into one for reading.
func (r *Record) Downgrade(client, inv int, o history.Type) *Record {
	return r.Op(Args{Client: client, F: models.FDowngrade, Key: "k", Inv: inv, Ret: inv + 1, Outcome: o, Session: history.ID(client + 1)})
}

// Revoke adds a request of a client for what others hold.
func (r *Record) Revoke(client, inv int) *Record {
	return r.Op(Args{Client: client, F: models.FRevoke, Key: "k", Inv: inv, Ret: inv + 2, Outcome: history.OK, Session: history.ID(client + 1)})
}

// Listen adds a call in which a holder listens; heard is its answer.
func (r *Record) Listen(client, inv, ret int, heard bool) *Record {
	return r.Op(Args{Client: client, F: models.FListen, Key: "k", Inv: inv, Ret: ret, Outcome: history.OK, In: models.Held{Held: true}, Out: models.Heard{Revoked: heard}, Session: history.ID(client + 1)})
}

// ReadGuarded adds a read of the guarded resource.
func (r *Record) ReadGuarded(client, inv int, token history.ID, accepted bool, order int64) *Record {
	return r.Op(Args{Client: client, F: models.FRead, Key: "k", Inv: inv, Ret: inv + 1, Outcome: history.OK, In: models.Grant{Token: token}, Out: models.Written{Accepted: accepted, Token: token, Order: order}, Session: history.ID(client + 1)})
}

var _ = goesWell(models.RWLock.Name, goodReadWrite)

// goodReadWrite adds rounds in which two clients read, and a third one waits until it can write,
// downgrades its hold, and reads together with the next two.
func goodReadWrite(r *Record, n int) int {
	t, token, order := 30, history.ID(0), int64(0)
	next := func() history.ID { token++; return token }
	for range n {
		for c := range 2 {
			g := Grant{Client: c, Inv: t - 24 + c, Ret: t + c, Release: t + 20, Token: next()}
			order++
			r.Reads(g).ReadGuarded(c, t+3+c, g.Token, true, order).Listen(c, t+6, t+12, true).Confirm(c, t+14, true, g.Token, history.ID(c+1))
		}
		g := Grant{Client: 2, Inv: t + 4, Ret: t + 26, Release: t + 40, Token: next()}
		order++
		r.Revoke(2, t+1)
		r.Hold(g).Write(2, t+28, g.Token, true, order).Downgrade(2, t+33, history.OK)
		t += 52
	}
	r.KeyFact(t+100, history.FFinal, "k", models.Final{})
	return t + 101
}

// GenerateReadWrite makes a history of one read-write lock with deaths, downgrades, and releases and
// downgrades of unknown outcome.
func GenerateReadWrite(rng *rand.Rand, how Kind) *history.History {
	clients := 3 + rng.IntN(2)
	w := NewWorld(rng, Ours(models.RWLock.Name, history.Params{Clients: clients}).offers(history.Offers{Fencing: true}), clients)
	n := 4 + rng.IntN(4)
	var all []rwTenure
	begun, wrote, over, end := 1, 1, 1, 1 // when the latest was granted, the last stopped writing, and all ended
	for i := range n {
		x := rwTenure{reads: rng.IntN(5) > 1}
		x.client, x.token = rng.IntN(clients), history.ID(i+1)
		from := over
		if x.reads {
			from = wrote
		}
		from = max(from, begun)
		if how == random {
			from = w.UpTo(10)
			x.token = history.ID(1 + rng.IntN(2*n))
		}
		w.live(&x, from)
		if how != random {
			over = max(over, x.c)
			if begun = max(begun, x.a-2); !x.reads { // readers come in any order
				begun, wrote = x.a, max(wrote, x.wrote)
			}
		}
		end = max(end, x.ret, x.ao, x.c, x.downRet)
		all = append(all, x)
	}
	if how == mutated {
		of := make([]tenure, len(all))
		for i := range all {
			of[i] = all[i].tenure
		}
		for range 3 {
			w.mutateTenures(of)
		}
		for i := range all {
			all[i].tenure = of[i]
			if rng.IntN(6) == 0 {
				all[i].reads = !all[i].reads
			}
		}
	}
	for _, x := range all {
		w.tellReadWrite(x)
	}
	w.proofs(end + 5)
	return w.Build()
}

// rwTenure is a tenure of a read-write lock.
type rwTenure struct {
	tenure
	reads   bool
	wrote   int // until when it wrote
	down    int // when the downgrade was asked for; 0: it was not
	downRet int
	downOut history.Type
}

// live fills in the times of a tenure that begins at from or later.
func (w *world) live(x *rwTenure, from int) {
	c := x.client
	x.a = max(from+w.UpTo(2), w.Free[c])
	x.ai = max(w.Free[c], x.a-w.UpTo(4))
	x.ao = x.a + w.UpTo(4)
	x.session = w.session[c]
	last := x.ao // of its client's calls
	if !x.reads && w.rng.IntN(2) == 0 {
		x.down = max(1, x.ao+w.UpTo(3))
		x.downRet = x.down + w.UpTo(3)
		x.downOut = []history.Type{history.OK, history.OK, history.Info, history.Fail}[w.rng.IntN(4)]
		last = x.downRet
	}
	switch w.rng.IntN(5) {
	case 0, 1, 2: // it is released
		x.ri = last + w.UpTo(3)
		x.c = x.ri + w.UpTo(2)
		x.ret = x.c + w.UpTo(2)
		x.outcome, x.held = history.OK, true
		if w.rng.IntN(5) == 0 {
			x.outcome = history.Info
			x.ret = x.ri + w.UpTo(2)
		}
	case 3: // the session dies, and the client does not know yet
		x.c = x.a + w.UpTo(7)
		x.ri = max(last, x.c) + w.UpTo(3)
		x.ret = x.ri + w.UpTo(3)
		x.outcome, x.held = []history.Type{history.OK, history.Fail, history.Info}[w.rng.IntN(3)], w.rng.IntN(2) == 0
		w.dies(c, x.c)
	default: // the session dies, and the client never releases
		x.c = x.a + w.UpTo(7)
		x.ri, x.ret = -1, last
		w.dies(c, x.c)
	}
	x.wrote = x.c
	if x.down > 0 && x.downOut != history.Fail && w.rng.IntN(4) > 0 {
		x.wrote = min(x.c, x.down+w.UpTo(x.downRet-x.down))
	} else if x.downOut == history.OK {
		x.wrote = min(x.c, x.downRet)
	}
	w.Free[c] = max(x.ret, last) + 1
}

// tellReadWrite records what the client saw.
func (w *world) tellReadWrite(x rwTenure) {
	wish := models.Wish{}
	if x.reads {
		wish.Mode = models.ToRead
	}
	w.Op(Args{Client: x.client, F: models.FAcquire, Key: "k", Inv: x.ai, Ret: x.ao, Outcome: history.OK, In: wish, Out: models.Grant{Token: x.token}, Session: x.session})
	if x.down > 0 {
		w.Op(Args{Client: x.client, F: models.FDowngrade, Key: "k", Inv: x.down, Ret: x.downRet, Outcome: x.downOut, Session: x.session})
	}
	if x.ri >= 0 {
		w.Op(Args{Client: x.client, F: models.FRelease, Key: "k", Inv: x.ri, Ret: x.ret, Outcome: x.outcome, In: models.Held{Held: x.held}, Session: x.session})
	}
}
