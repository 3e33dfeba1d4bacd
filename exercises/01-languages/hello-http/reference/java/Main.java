import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

public class Main {
    private static final int LONGEST_WAIT_MS = 5000;
    /** Longer than any request takes, and no more: one that never arrives completely counts as well. */
    private static final int PATIENCE_S = LONGEST_WAIT_MS / 1000 + 1;
    private static final Pattern HELLO = Pattern.compile("/hello/([^/]+)");
    /** Few enough for an int. The method that parses it would also take a sign, and the digits of other scripts. */
    private static final Pattern DIGITS = Pattern.compile("0*[0-9]{1,4}");

    private static volatile boolean stopping = false;

    public static void main(String[] args) throws IOException, InterruptedException {
        int port = Integer.parseInt(System.getenv().getOrDefault("PORT", "3000"));
        int warmupMs = Integer.parseInt(System.getenv().getOrDefault("WARMUP_MS", "0"));

        // In a real service: read the configuration, connect to the database, fill the caches.
        // A SIGTERM ends the program here, because there is no shutdown hook yet.
        Thread.sleep(warmupMs);

        // Or each answer on a kept-alive connection waits some 40 ms for the client's acknowledgement of its headers.
        System.setProperty("sun.net.httpserver.nodelay", "true");
        // Not earlier, because this opens the port.
        var server = HttpServer.create(new InetSocketAddress("127.0.0.1", port), 128);
        // A thread for each request, since /slow blocks it; from Java 21 on, a virtual one.
        var executor = Executors.newCachedThreadPool();
        server.setExecutor(executor);
        server.createContext("/", Main::handle);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> shutDown(server, executor)));
        server.start();
        System.out.println("Listening on port " + port);
    }

    /** Runs at SIGTERM. When it returns, the virtual machine exits with 143 and so closes what is idle. */
    private static void shutDown(HttpServer server, ExecutorService executor) {
        stopping = true;
        // stop() closes the port at once and then waits: with nothing in flight for the whole time that it is given.
        // Hence it may wait in a thread of its own, and we for the executor.
        var closing = new Thread(() -> server.stop(PATIENCE_S));
        closing.setDaemon(true);
        closing.start();
        executor.shutdown();
        try {
            executor.awaitTermination(PATIENCE_S, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            route(exchange);
        } catch (RuntimeException e) {
            e.printStackTrace(); // The server would hang up without a word.
            throw e;
        }
    }

    private static void route(HttpExchange exchange) throws IOException {
        URI target = exchange.getRequestURI();
        String path = target.getRawPath();
        var hello = HELLO.matcher(path);
        if (!exchange.getRequestMethod().equals("GET")) {
            exchange.getResponseHeaders().set("Allow", "GET");
            refuse(exchange, 405, "Only GET is supported");
        } else if (path.equals("/health")) {
            answer(exchange, 200, Map.of("status", "ok"));
        } else if (path.equals("/slow")) {
            slow(exchange, parameter("ms", target));
        } else if (hello.matches()) {
            answer(exchange, 200, Map.of("message", "Hello, " + decode(hello.group(1))));
        } else {
            refuse(exchange, 404, "There is nothing at this path");
        }
    }

    /**
     * Unlike URLDecoder, which is for forms, a URI leaves + alone. The server has refused broken percent-encoding
     * before; bytes that are not UTF-8 become replacement characters.
     */
    private static String decode(String segment) {
        return URI.create("/" + segment).getPath().substring(1);
    }

    private static void slow(HttpExchange exchange, String text) throws IOException {
        if (!DIGITS.matcher(text).matches() || Integer.parseInt(text) > LONGEST_WAIT_MS) {
            refuse(exchange, 400, "ms must be a whole number from 0 to " + LONGEST_WAIT_MS);
            return;
        }
        int ms = Integer.parseInt(text);
        try {
            Thread.sleep(ms);
        } catch (InterruptedException e) {
            throw new IllegalStateException("Nobody interrupts this", e);
        }
        answer(exchange, 200, Map.of("waited", ms));
    }

    /** The first value of a parameter of the query string, empty if there is none. */
    private static String parameter(String name, URI target) {
        for (var pair : Objects.requireNonNullElse(target.getRawQuery(), "").split("&")) {
            if (pair.startsWith(name + "=")) {
                return URLDecoder.decode(pair.substring(name.length() + 1), StandardCharsets.UTF_8);
            }
        }
        return "";
    }

    private static void refuse(HttpExchange exchange, int status, String error) throws IOException {
        answer(exchange, status, Map.of("error", error));
    }

    private static void answer(HttpExchange exchange, int status, Object body) throws IOException {
        byte[] bytes = Json.write(body).getBytes(StandardCharsets.UTF_8);
        var headers = exchange.getResponseHeaders();
        headers.set("Content-Type", "application/json");
        if (stopping) {
            headers.set("Connection", "close");
        }
        if (exchange.getRequestMethod().equals("HEAD")) {
            exchange.sendResponseHeaders(status, -1);
            return;
        }
        exchange.sendResponseHeaders(status, bytes.length);
        exchange.getResponseBody().write(bytes);
    }
}
