// Reproductions of mistakes of programs, without zklab. It is a module of its own, so that the catalogue does not depend on them.
module github.com/zklab/zklab/catalog/reports

go 1.26.0

require (
	github.com/go-kit/kit v0.13.0
	github.com/go-kit/log v0.2.1
	github.com/go-zookeeper/zk v1.0.2
)

require github.com/go-logfmt/logfmt v0.5.1 // indirect
