import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;

public final class Main {
    /** A note has an "id", a "title", and any other members. */
    private static final Map<String, Map<String, Object>> NOTES = new ConcurrentHashMap<>();

    public static void main(String[] args) throws IOException {
        // Or else the body of an answer would wait until the client has acknowledged the headers.
        System.setProperty("sun.net.httpserver.nodelay", "true");

        var port = Integer.parseInt(System.getenv().getOrDefault("PORT", "3000"));
        var server = HttpServer.create(new InetSocketAddress("127.0.0.1", port), 0);
        server.createContext("/", Main::answer);
        server.setExecutor(Executors.newCachedThreadPool());
        server.start();
        System.out.println("Notes on http://127.0.0.1:" + port + "/notes");
    }

    private static void answer(HttpExchange exchange) throws IOException {
        // Read it in any case: a connection with an unread body is closed, and the client may not see the answer.
        var body = exchange.getRequestBody().readAllBytes();
        var path = exchange.getRequestURI().toString().split("\\?", 2)[0];

        if (path.equals("/notes") && exchange.getRequestMethod().equals("GET")) {
            exchange.getResponseHeaders().set("Content-Type", "application/json");
            send(exchange, 200, Json.write(NOTES.values()).getBytes(StandardCharsets.UTF_8));
            return;
        }

        // Next: POST /notes, with the bytes in `body`.
        send(exchange, 404, new byte[0]);
    }

    private static void send(HttpExchange exchange, int status, byte[] body) throws IOException {
        // A length of -1 says that there is no body; 0 would say that its length is not known yet.
        exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
        exchange.getResponseBody().write(body);
        exchange.close();
    }
}
