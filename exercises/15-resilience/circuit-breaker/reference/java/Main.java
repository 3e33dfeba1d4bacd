import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.Executors;

public class Main {
    public static void main(String[] args) throws IOException {
        int port = setting("PORT", 3000);
        String upstreamUrl = System.getenv().getOrDefault("UPSTREAM_URL", "http://127.0.0.1:4000");
        var breaker = new Breaker(setting("FAILURE_THRESHOLD", 5), Duration.ofMillis(setting("OPEN_MS", 10_000)));
        var upstream = new Upstream(upstreamUrl, Duration.ofMillis(setting("TIMEOUT_MS", 3000)));
        var gateway = new Gateway(breaker, upstream);

        // Or each answer on a kept-alive connection waits some 40 ms for the client's acknowledgement of its headers.
        System.setProperty("sun.net.httpserver.nodelay", "true");
        var server = HttpServer.create(new InetSocketAddress("127.0.0.1", port), 128);
        server.createContext("/", exchange -> handle(exchange, gateway));
        // A thread for each request, since a call blocks it; from Java 21 on, a virtual one.
        server.setExecutor(Executors.newCachedThreadPool());
        server.start();
        System.out.println("gateway for " + upstreamUrl + " on port " + port);
    }

    private static void handle(HttpExchange exchange, Gateway gateway) throws IOException {
        try (exchange) {
            send(exchange, answer(exchange, gateway));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException e) {
            e.printStackTrace(); // The server would hang up without a word.
            throw e;
        }
    }

    private static Answer answer(HttpExchange exchange, Gateway gateway) throws IOException, InterruptedException {
        String method = exchange.getRequestMethod();
        String target = exchange.getRequestURI().toString();
        if (method.equals("GET") && target.equals("/status")) {
            return gateway.status();
        }
        if (!target.startsWith("/")) {
            return Answer.error(400, "a path is wanted");
        }
        // Before the breaker is asked: a client that sends slowly must not occupy the place of the probe.
        byte[] body = exchange.getRequestBody().readAllBytes();
        String contentType = exchange.getRequestHeaders().getFirst("Content-Type");
        // Goes on when the client leaves: how it ends is news for the breaker, and the answer worth remembering.
        return gateway.forward(new Upstream.Call(method, target, contentType, body));
    }

    private static void send(HttpExchange exchange, Answer answer) throws IOException {
        var headers = exchange.getResponseHeaders();
        if (answer.contentType() != null) {
            headers.set("Content-Type", answer.contentType());
        }
        answer.headers().forEach(headers::set);
        // To the server, 0 means that the length is not known, and -1 that there is no body.
        int length = answer.body().length;
        exchange.sendResponseHeaders(answer.status(), length == 0 ? -1 : length);
        exchange.getResponseBody().write(answer.body());
    }

    private static int setting(String name, int otherwise) {
        String value = System.getenv(name);
        return value == null ? otherwise : Integer.parseInt(value);
    }
}
