package contracts

import (
	"context"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/subjects"
)

// OfferNeverCurrent is the offer by which an adapter declares a [subjects.NeverCurrent] cache.
const OfferNeverCurrent = "never-current"

// The operations of a [subjects.Cache].
var (
	CachePut = gives(models.FPut, func(c subjects.Cache, ctx context.Context, v models.CachedNode) error {
		return c.Put(ctx, v.Node, v.Value)
	})
	CacheRemove = gives(models.FRemove, func(c subjects.Cache, ctx context.Context, v models.CachedNode) error { return c.Remove(ctx, v.Node) })
	CacheLook   = NewOp(models.FLook, func(c subjects.Cache, ctx context.Context, v models.Looking) (models.Copy, error) {
		return c.Look(ctx, v.Current)
	}).readOnly()
)

// Caches is the contract of a [subjects.Cache].
var Caches = &Contract[subjects.Cache, None]{
	model: models.Cache, operations: []operation[subjects.Cache]{CachePut, CacheRemove, CacheLook},
	offers: []offer{offers[subjects.NeverCurrent](OfferNeverCurrent)},
}

// The operations of a [subjects.Config].
var (
	ConfigSet    = gives(models.FSet, func(c subjects.Config, ctx context.Context, v models.Setting) error { return c.Set(ctx, v.Value) })
	ConfigDelete = does(models.FDelete, subjects.Config.Delete)
	ConfigNext   = asks(models.FObserve, subjects.Config.Next)
)

// Configs is the contract of a [subjects.Config].
var Configs = &Contract[subjects.Config, None]{model: models.Config, operations: []operation[subjects.Config]{ConfigSet, ConfigDelete, ConfigNext}}
