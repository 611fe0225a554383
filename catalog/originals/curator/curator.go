// Package curator declares the classes of Apache Curator, in Java, that zklab runs behind its adapter in examples/curator.
package curator

import (
	"github.com/zklab/zklab/catalog/entry"
	"github.com/zklab/zklab/workloads"
)

const jars = "/usr/share/java/curator-recipes.jar:/usr/share/java/curator-x-discovery.jar:/usr/share/java/slf4j-nop.jar"

// Program declares them. To measure them, compile the adapter first, as docs/adapters.md says.
var Program = entry.Program{
	Folder: "curator", Name: "Curator 5.4.0", Adapter: "examples/curator/Adapter.java",
	Command: "java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -cp bin:" + jars + " ARGUMENTS Adapter",
	Classes: []entry.Class{
		{Name: "ServiceDiscovery", Workload: workloads.Discovery{}, Port: "curatordiscovery", Mistakes: []entry.Cause{{
			Breaks: []string{"monotone", "fresh", "pick"},
			Why: "`ServiceDiscoveryImpl.internalRegisterService` deletes the znode of an instance and creates it anew after each reconnection, even " +
				"if its session has not ended. This is the mistake of the port. That it registers again so often is reported " +
				"([CURATOR-320](https://issues.apache.org/jira/browse/CURATOR-320)).",
		}}},
	},
}
