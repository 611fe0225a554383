// A resolver of gRPC for services that are registered in ZooKeeper. It is a module of its own,
// so that zklab itself does not depend on gRPC.
module github.com/zklab/zklab/grpcresolver

go 1.26.0

require (
	github.com/go-zookeeper/zk v1.0.4
	github.com/zklab/zklab v0.0.0
	go.uber.org/goleak v1.3.0
	google.golang.org/grpc v1.85.0
)

require (
	github.com/cenkalti/backoff/v5 v5.0.3 // indirect
	golang.org/x/net v0.60.0 // indirect
	golang.org/x/sync v0.25.0 // indirect
	golang.org/x/sys v0.50.0 // indirect
	golang.org/x/text v0.44.0 // indirect
	google.golang.org/genproto/googleapis/rpc v0.0.0-20260817212433-ac3dfec99bb1 // indirect
	google.golang.org/protobuf v1.36.12 // indirect
)

replace github.com/zklab/zklab => ../
