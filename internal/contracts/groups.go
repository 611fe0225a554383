package contracts

import (
	"context"
	"slices"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/subjects"
)

// The operations of a [subjects.Service].
var (
	ServiceRegister = gives(models.FRegister, func(s subjects.Service, ctx context.Context, v models.Joining) error {
		return s.Register(ctx, v.Member)
	})
	ServiceUnregister = does(models.FUnregister, subjects.Service.Unregister)
	ServiceLookup     = listing(models.FLookup, subjects.Service.Lookup)
	ServiceChanged    = listing(models.FChanged, subjects.Service.Changed)
	ServicePick       = asks(models.FPick, func(s subjects.Service, ctx context.Context) (models.Picked, error) {
		picked, err := s.Pick(ctx)
		return models.Picked{Member: picked}, err
	}).readOnly()
)

// Services is the contract of a [subjects.Service].
var Services = &Contract[subjects.Service, None]{
	model:      models.Discovery,
	operations: []operation[subjects.Service]{ServiceRegister, ServiceUnregister, ServiceLookup, ServiceChanged, ServicePick},
	offers:     []offer{offers[subjects.Snapshots](OfferSnapshots)},
}

// OfferSnapshots is the offer by which an adapter declares a [subjects.Snapshots] group or service.
const OfferSnapshots = "snapshots"

// The operations of a [subjects.Group].
var (
	GroupJoin    = gives(models.FJoin, func(g subjects.Group, ctx context.Context, v models.Joining) error { return g.Join(ctx, v.Member) })
	GroupLeave   = does(models.FLeave, subjects.Group.Leave)
	GroupList    = listing(models.FList, subjects.Group.Members)
	GroupChanged = listing(models.FChanged, subjects.Group.Changed)
)

// Groups is the contract of a [subjects.Group].
var Groups = &Contract[subjects.Group, None]{
	model: models.Membership, operations: []operation[subjects.Group]{GroupJoin, GroupLeave, GroupList, GroupChanged},
	offers: []offer{offers[subjects.Snapshots](OfferSnapshots)},
}

// listing declares an operation that answers with members. The members that another process reports come in any order,
// and perhaps twice.
func listing[S any](name string, ask func(S, context.Context) ([]string, error)) *Op[S, None, models.Members] {
	o := asks(name, func(s S, ctx context.Context) (models.Members, error) {
		all, err := ask(s, ctx)
		return models.Members{Members: all}, err
	}).readOnly()
	o.tidy = func(m *models.Members) {
		slices.Sort(m.Members)
		m.Members = slices.Compact(m.Members)
	}
	return o
}
