package checktest

import (
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// Register begins the record of a register k, as zklab writes it.
func Register() *Record {
	return Ours(models.Register.Name, history.Params{Clients: 3}).Phases(0, 1000, 1100)
}

// Set adds a write of a value. The write made version v, at zxid 16 × v, or, if v is 0,
// its outcome is unknown.
func (r *Record) Set(client, inv, ret int, value string, v int) *Record {
	return r.change(client, inv, ret, models.FWrite, models.Writing{Value: value}, v)
}

// Cas adds a compare-and-set; v means the same as for Set.
func (r *Record) Cas(client, inv, ret int, from, to string, v int) *Record {
	return r.change(client, inv, ret, models.FCAS, models.Swap{From: from, To: to}, v)
}

func (r *Record) change(client, inv, ret int, f string, value any, v int) *Record {
	o := Args{Client: client, F: f, Key: "k", Inv: inv, Ret: ret, Outcome: history.OK, In: value, Session: history.ID(client + 1)}
	if v == 0 {
		o.Outcome, o.code = history.Info, "connection-loss"
	} else {
		o.Out, o.Zxid = models.Stored{Version: int32(v)}, history.ID(16*v)
	}
	return r.Op(o)
}

// TooLate adds a compare-and-set that lost against another write.
func (r *Record) TooLate(client, inv, ret int, from, to string) *Record {
	return r.Op(Args{Client: client, F: models.FCAS, Key: "k", Inv: inv, Ret: ret, Outcome: history.Fail, In: models.Swap{From: from, To: to}, Session: history.ID(client + 1), code: models.CodeConflict})
}

// Get adds a read of a given kind that found version v.
func (r *Record) Get(client, inv, ret int, kind, value string, v int) *Record {
	return r.GetIn(history.ID(client+1), client, inv, ret, kind, value, v)
}

func (r *Record) GetIn(session history.ID, client, inv, ret int, kind, value string, v int) *Record {
	return r.Op(Args{
		Client: client, F: models.FRead, Key: "k", Inv: inv, Ret: ret, Outcome: history.OK, Session: session,
		In: models.HowRead{Kind: kind}, Out: Reading(value, v),
	})
}

func Reading(value string, v int) models.Reading {
	return models.Reading{Value: value, Version: int32(v), Mzxid: history.ID(16*v + 1 - min(v, 1))}
}

// Left records the value that the harness found at the end.
func (r *Record) Left(value string, v int) *Record {
	found := Reading(value, v)
	return r.KeyFact(1200, history.FFinal, "k", models.Final{Register: &found})
}
