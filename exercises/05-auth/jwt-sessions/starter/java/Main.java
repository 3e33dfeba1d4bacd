import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.Executors;

public class Main {
    private static final int PORT = Integer.parseInt(setting("PORT", "3000"));

    public static void main(String[] args) throws IOException {
        // Or the body of an answer waits, often 40 ms, until its client has acknowledged the headers.
        System.setProperty("sun.net.httpserver.nodelay", "true");
        var server = HttpServer.create(new InetSocketAddress("127.0.0.1", PORT), 128);
        server.createContext("/", Main::answer);
        // Without an executor the server handles one request after the other.
        server.setExecutor(Executors.newCachedThreadPool());
        server.start();
        System.out.println("Listening on port " + PORT);
    }

    private static void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            System.out.println(exchange.getRequestMethod() + " " + exchange.getRequestURI());
            try {
                handle(exchange);
            } catch (RuntimeException e) {
                e.printStackTrace();
                sendJson(exchange, 500, Map.of("error", "Something went wrong"));
            }
        }
    }

    private static void handle(HttpExchange exchange) throws IOException {
        // Read it in any case: a connection with an unread body is closed, and the client may miss the answer.
        Object body = readJson(exchange);
        String path = exchange.getRequestURI().getRawPath();
        if (exchange.getRequestMethod().equals("POST") && "/register".equals(path)) {
            register(exchange, body);
        } else {
            sendJson(exchange, 404, Map.of("error", "There is nothing here"));
        }
    }

    // Begin here: POST /register answers 201 with the new user.
    private static void register(HttpExchange exchange, Object body) throws IOException {
        sendJson(exchange, 501, Map.of("error", "Not built yet"));
    }

    /** The body of the request, or null if it is not JSON. */
    private static Object readJson(HttpExchange exchange) throws IOException {
        try {
            return Json.parse(new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
        } catch (Json.SyntaxException e) {
            return null;
        }
    }

    private static void sendJson(HttpExchange exchange, int status, Object value) throws IOException {
        byte[] body = Json.write(value).getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        // -1 stands for no body. (0 would be one of any length.)
        boolean bodiless = exchange.getRequestMethod().equals("HEAD");
        exchange.sendResponseHeaders(status, bodiless ? -1 : body.length);
        if (!bodiless) {
            exchange.getResponseBody().write(body);
        }
    }

    private static String setting(String name, String otherwise) {
        return System.getenv().getOrDefault(name, otherwise);
    }
}
