import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/** A service that computes, waits and answers at the same time. */
public class Main {
    private static final int PORT = Integer.parseInt(env("PORT", "3000"));
    private static final String UPSTREAM_URL = env("UPSTREAM_URL", "http://127.0.0.1:4000");
    private static final int WORKERS =
            Integer.parseInt(env("WORKERS", "" + Runtime.getRuntime().availableProcessors()));
    private static final int QUEUE_LIMIT = Integer.parseInt(env("QUEUE_LIMIT", "16"));

    /** Milliseconds between two signs of life to a client that waits for its puzzle. */
    private static final int SIGN_OF_LIFE = 100;

    private static final SolverPool POOL = new SolverPool(WORKERS, QUEUE_LIMIT);
    private static final HttpClient UPSTREAM = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    public static void main(String[] args) throws IOException {
        var server = HttpServer.create(new InetSocketAddress("127.0.0.1", PORT), 128);
        server.createContext("/", Main::route);
        // One thread for each request that is under way: good for waiting. The computing is done by the pool's threads.
        server.setExecutor(Executors.newCachedThreadPool());
        server.start();
        System.out.println("Listening on port " + PORT);
    }

    private static void route(HttpExchange exchange) throws IOException {
        // Closes the exchange, and with it what an error left open.
        try (exchange) {
            var path = exchange.getRequestURI().getPath();
            if (path.equals("/health")) {
                answer(exchange, 200, "{\"status\":\"ok\"}");
            } else if (path.equals("/stats")) {
                answer(exchange, 200, "{\"running\":%d,\"waiting\":%d}".formatted(POOL.running(), POOL.waiting()));
            } else if (path.startsWith("/lookup/")) {
                lookUp(exchange, path);
            } else if (path.equals("/solve")) {
                solve(exchange);
            } else {
                refuse(exchange, 404, "there is nothing at this path");
            }
        }
    }

    private static void solve(HttpExchange exchange) throws IOException {
        var puzzle = Puzzle.parse(exchange.getRequestURI().getRawQuery());
        if (puzzle.isEmpty()) {
            refuse(exchange, 400, "base, modulus and squarings do not make a puzzle");
            return;
        }
        var solving = POOL.submit(puzzle.get());
        if (solving.isEmpty()) {
            exchange.getResponseHeaders().set("Retry-After", "1");
            refuse(exchange, 503, "too many puzzles are waiting");
            return;
        }
        try (var job = solving.get()) {
            exchange.getResponseHeaders().set("Content-Type", "application/json");
            exchange.sendResponseHeaders(200, 0); // 0: of unknown length
            var body = exchange.getResponseBody();
            while (!job.isDone(SIGN_OF_LIFE, TimeUnit.MILLISECONDS)) {
                // This server tells nobody that a client has gone. Writing to it fails then, and JSON may begin with spaces.
                body.write(' ');
                body.flush();
            }
            body.write("{\"result\":\"%s\"}".formatted(job.result()).getBytes(StandardCharsets.UTF_8));
            body.close();
        } catch (InterruptedException | ExecutionException e) {
            throw new IOException(e); // Too late for another status: an answer without an end says that something is wrong.
        }
    }

    private static void lookUp(HttpExchange exchange, String path) throws IOException {
        try {
            var found = UPSTREAM.send(
                    HttpRequest.newBuilder(URI.create(UPSTREAM_URL + path)).build(), BodyHandlers.ofByteArray());
            if (found.statusCode() == 200) {
                send(exchange, 200, found.body());
                return;
            }
        } catch (IOException | InterruptedException e) {
            // No answer is no good answer.
        }
        refuse(exchange, 502, "the upstream gave no good answer");
    }

    private static void refuse(HttpExchange exchange, int status, String text) throws IOException {
        answer(exchange, status, "{\"error\":\"%s\"}".formatted(text));
    }

    private static void answer(HttpExchange exchange, int status, String json) throws IOException {
        send(exchange, status, json.getBytes(StandardCharsets.UTF_8));
    }

    private static void send(HttpExchange exchange, int status, byte[] json) throws IOException {
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.sendResponseHeaders(status, json.length);
        exchange.getResponseBody().write(json);
    }

    private static String env(String name, String fallback) {
        var value = System.getenv(name);
        return value == null || value.isEmpty() ? fallback : value;
    }
}
