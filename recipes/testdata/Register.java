import java.util.Map;
import java.util.TreeMap;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.retry.RetryOneTime;
import org.apache.curator.x.discovery.ServiceDiscovery;
import org.apache.curator.x.discovery.ServiceDiscoveryBuilder;
import org.apache.curator.x.discovery.ServiceInstance;
import org.apache.curator.x.discovery.ServiceInstanceBuilder;
import org.apache.curator.x.discovery.ServiceType;
import org.apache.curator.x.discovery.UriSpec;
import org.apache.curator.x.discovery.details.JsonInstanceSerializer;

/** Registers instances with Curator until its standard input ends. */
@SuppressWarnings("rawtypes")
public class Register {
    public static void main(String[] args) throws Exception {
        try (CuratorFramework client = CuratorFrameworkFactory.newClient(args[0], new RetryOneTime(100))) {
            client.start();
            try (ServiceDiscovery<Map> discovery =
                    ServiceDiscoveryBuilder.builder(Map.class).client(client).basePath("/services")
                            .serializer(new JsonInstanceSerializer<>(Map.class, false)) // its default leaves out enabled
                            .build()) {
                discovery.start();
                discovery.registerService(instance("one").port(8080).sslPort(8443).payload(new TreeMap<>(Map.of("zone", "eu")))
                        .uriSpec(new UriSpec("{scheme}://{address}:{ssl-port}/{name}/{[}{id}{]}")).build());
                discovery.registerService(instance("two").sslPort(8443).serviceType(ServiceType.PERMANENT).build());
                discovery.registerService(instance("three").build());
                discovery.registerService(instance("off").port(1).enabled(false).build());
                System.out.println("registered");
                System.in.read();
            }
        }
    }

    private static ServiceInstanceBuilder<Map> instance(String id) throws Exception {
        return ServiceInstance.<Map>builder().name("web").id(id).address("host-" + id).registrationTimeUTC(5);
    }
}
