import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.Executors;

public class Main {
    public static void main(String[] args) throws IOException {
        int port = Integer.parseInt(System.getenv().getOrDefault("PORT", "3000"));
        // Otherwise answers on a connection that is kept alive take 40 ms.
        System.setProperty("sun.net.httpserver.nodelay", "true");
        var server = HttpServer.create(new InetSocketAddress("127.0.0.1", port), 128);
        server.createContext("/", Main::handle);
        // Without an executor the server handles one request after the other.
        server.setExecutor(Executors.newCachedThreadPool());
        server.start();
        System.out.println("Listening on port " + port);
    }

    private static void handle(HttpExchange exchange) throws IOException {
        try {
            System.out.println(exchange.getRequestMethod() + " " + exchange.getRequestURI());
            answer(exchange, 501, Map.of("error", "Not built yet"));
        } catch (RuntimeException | Error e) {
            // The server would hang up without a word.
            e.printStackTrace();
            throw e;
        }
    }

    private static void answer(HttpExchange exchange, int status, Object body) throws IOException {
        byte[] bytes = Json.write(body).getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.sendResponseHeaders(status, bytes.length);
        exchange.getResponseBody().write(bytes);
        exchange.close();
    }
}
