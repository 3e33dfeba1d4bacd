import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.regex.Pattern;

public class Main {
    private static final int PORT = Integer.parseInt(setting("PORT", "3000"));

    // The usual client is Prometheus' own, io.prometheus:prometheus-metrics-core, with
    // io.prometheus:prometheus-metrics-exposition-textformats. You can also write the text by hand.
    // To add it, put a pom.xml with these dependencies beside this file, or their jars into lib/.

    private record Order(String id, String item) {
        Map<String, Object> toJson() {
            return Map.of("id", id, "item", item);
        }
    }

    private record Reply(int status, Object body) {}

    private static final Reply METHOD_NOT_ALLOWED = problem(405, "this method is not for this path");
    private static final Pattern WITH_PARAMETER = Pattern.compile("/(orders|reports)/([^/]+)");
    private static final Pattern WAIT_MS = Pattern.compile("(?:.*&)?wait_ms=(\\d{1,9})(?:&.*)?");

    /** By id. Requests are answered by threads of their own: whoever uses the orders holds their lock. */
    private static final Map<String, Order> orders = new LinkedHashMap<>();

    public static void main(String[] args) throws IOException {
        // Or the body of an answer waits, often 40 ms, until its client has acknowledged the headers.
        System.setProperty("sun.net.httpserver.nodelay", "true");
        var server = HttpServer.create(new InetSocketAddress("127.0.0.1", PORT), 128);
        server.createContext("/", Main::answer);
        // Without an executor the server handles one request after the other.
        server.setExecutor(Executors.newCachedThreadPool());
        server.start();
        System.out.println("the shop is open on http://127.0.0.1:" + PORT);
    }

    private static void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            Reply reply;
            try {
                reply = replyTo(exchange);
            } catch (RuntimeException | InterruptedException e) {
                e.printStackTrace();
                reply = problem(500, "something went wrong here");
            }
            sendJson(exchange, reply.status(), reply.body());
        }
    }

    private static Reply replyTo(HttpExchange exchange) throws IOException, InterruptedException {
        // Read it in any case: a connection with an unread body is closed, and the client may miss the answer.
        byte[] body = exchange.getRequestBody().readAllBytes();
        String method = exchange.getRequestMethod();
        String path = exchange.getRequestURI().getRawPath();
        String query = exchange.getRequestURI().getRawQuery();
        if ("/orders".equals(path)) {
            return switch (method) {
                case "GET" -> listOrders();
                case "POST" -> placeOrder(body);
                default -> METHOD_NOT_ALLOWED;
            };
        }
        var match = WITH_PARAMETER.matcher(String.valueOf(path));
        if (!match.matches()) {
            // GET /metrics ends here, too, for now.
            return problem(404, "there is nothing here");
        }
        if (!method.equals("GET")) {
            return METHOD_NOT_ALLOWED;
        }
        String parameter = match.group(2);
        var wait = WAIT_MS.matcher(String.valueOf(query));
        return match.group(1).equals("orders")
                ? showOrder(parameter)
                : makeReport(parameter, wait.matches() ? Integer.parseInt(wait.group(1)) : 0);
    }

    private static Reply listOrders() {
        synchronized (orders) {
            List<?> list = orders.values().stream().map(Order::toJson).toList();
            return new Reply(200, Map.of("orders", list));
        }
    }

    private static Reply placeOrder(byte[] body) {
        String item = itemOf(body);
        if (item == null) {
            return problem(400, "the body must be an object with a string item");
        }
        synchronized (orders) {
            var order = new Order(String.valueOf(orders.size() + 1), item);
            orders.put(order.id(), order);
            return new Reply(201, order.toJson());
        }
    }

    private static Reply showOrder(String id) {
        synchronized (orders) {
            Order order = orders.get(id);
            return order == null ? problem(404, "there is no such order") : new Reply(200, order.toJson());
        }
    }

    private static Reply makeReport(String name, int waitMs) throws InterruptedException {
        Thread.sleep(waitMs);
        // Leave this bug in: you are here to measure it.
        if (name.equals("broken")) {
            throw new ArithmeticException("the sum of nothing is not a number");
        }
        return new Reply(200, Map.of("report", name));
    }

    /** The item of an order, or null if there is none. */
    private static String itemOf(byte[] body) {
        try {
            Object order = Json.parse(new String(body, StandardCharsets.UTF_8));
            return order instanceof Map<?, ?> map && map.get("item") instanceof String item ? item : null;
        } catch (Json.SyntaxException e) {
            return null;
        }
    }

    private static Reply problem(int status, String message) {
        return new Reply(status, Map.of("error", message));
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
