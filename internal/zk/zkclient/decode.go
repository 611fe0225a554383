package zkclient

import "github.com/zklab/zklab/internal/zk/wire"

// Decode reads the record of a reply by the type of its request:
//
//	Create and its variants                     wire.CreateReply
//	Exists, SetData, SetACL, Check              wire.Stat
//	GetData, Reconfig                           wire.DataReply
//	GetACL                                      wire.ACLReply
//	GetChildren, GetChildren2, GetEphemerals    wire.ChildrenReply
//	GetAllChildrenNumber                        int
//	Sync                                        string
//	AddWatch                                    wire.Code
//	WhoAmI                                      []wire.ClientInfo
//	Multi, MultiRead                            []wire.OpResult
//
// It is nil for a reply without a record, such as one that has an error in its
// header.
func (f Frame) Decode() (any, error) {
	if len(f.Record) == 0 {
		return nil, nil
	}
	switch f.Op {
	case wire.Create, wire.Create2, wire.CreateContainer, wire.CreateTTL:
		return wire.DecodeCreateReply(f.Op, f.Record)
	case wire.Exists, wire.SetData, wire.SetACL, wire.Check:
		return wire.DecodeStat(f.Record)
	case wire.GetData, wire.Reconfig:
		return wire.DecodeDataReply(f.Record)
	case wire.GetACL:
		return wire.DecodeACLReply(f.Record)
	case wire.GetChildren, wire.GetChildren2, wire.GetEphemerals:
		return wire.DecodeChildrenReply(f.Op, f.Record)
	case wire.GetAllChildrenNumber:
		return wire.DecodeChildrenNumberReply(f.Record)
	case wire.Sync:
		return wire.DecodeSyncReply(f.Record)
	case wire.AddWatch:
		return wire.DecodeAddWatchReply(f.Record)
	case wire.WhoAmI:
		return wire.DecodeWhoAmIReply(f.Record)
	case wire.Multi, wire.MultiRead:
		return wire.DecodeMultiReply(f.Record)
	}
	return nil, nil
}
