import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Executors;

public final class Main {
    public static void main(String[] args) throws IOException {
        // Or else the body of an answer would wait until the client has acknowledged the headers.
        System.setProperty("sun.net.httpserver.nodelay", "true");

        var port = Integer.parseInt(System.getenv().getOrDefault("PORT", "8080"));
        var dataDir = System.getenv().getOrDefault("DATA_DIR", "./data");

        // This opens the port already: what is to be loaded belongs before it.
        var server = HttpServer.create(new InetSocketAddress("127.0.0.1", port), 0);
        server.createContext("/", Main::answer);
        server.setExecutor(Executors.newCachedThreadPool());
        server.start();
        System.out.println("Listening on port " + port + ", the data belongs into " + dataDir);
    }

    private static void answer(HttpExchange exchange) throws IOException {
        // Read it in any case: a connection with an unread body is closed, and the client may not see the answer.
        // The stream may end before the Content-Length is reached, when the client goes away.
        var body = exchange.getRequestBody().readAllBytes();
        var method = exchange.getRequestMethod();
        var uri = exchange.getRequestURI();
        var key = parameter(uri.getRawQuery(), "key");
        System.out.println(method + " " + uri.getPath() + " " + key + ", " + body.length + " bytes");

        // Your work starts here: PUT, GET and DELETE /kv
        exchange.getResponseHeaders().set("Content-Type", "text/plain");
        send(exchange, 501, "Not built yet\n".getBytes(StandardCharsets.UTF_8));
    }

    /** Null if the query does not have it. */
    private static String parameter(String query, String name) {
        for (var pair : (query == null ? "" : query).split("&")) {
            var parts = pair.split("=", 2);
            if (parts[0].equals(name)) {
                return URLDecoder.decode(parts.length < 2 ? "" : parts[1], StandardCharsets.UTF_8);
            }
        }
        return null;
    }

    private static void send(HttpExchange exchange, int status, byte[] body) throws IOException {
        // A length of -1 says that there is no body; 0 would say that its length is not known yet.
        exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
        exchange.getResponseBody().write(body);
        exchange.close();
    }
}
