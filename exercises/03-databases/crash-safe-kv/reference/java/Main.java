import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executors;

public final class Main {
    /** How much of a body that is too long is read in order to throw it away. */
    private static final int DROP_AT_MOST = 16 << 20;

    /** Seconds for requests that are running when the program is told to stop. */
    private static final int GRACE = 1;

    private final Store store;

    private Main(Store store) {
        this.store = store;
    }

    public static void main(String[] args) throws IOException {
        // Or else the body of an answer would wait until the client has acknowledged the headers.
        System.setProperty("sun.net.httpserver.nodelay", "true");
        // Seconds until a client that does not go on sending is given up.
        System.setProperty("sun.net.httpserver.maxReqTime", "300");

        var main = new Main(new Store(Path.of(System.getenv().getOrDefault("DATA_DIR", "."))));

        // This opens the port, so it comes last: who can connect gets right answers.
        var port = Integer.parseInt(System.getenv().getOrDefault("PORT", "8080"));
        var server = HttpServer.create(new InetSocketAddress("127.0.0.1", port), 0);
        server.createContext("/", main::answer);
        server.setExecutor(Executors.newCachedThreadPool());
        server.start();
        // What was answered is on the disk, and a write that was not may be cut off: there is nothing else to save.
        Runtime.getRuntime().addShutdownHook(new Thread(() -> server.stop(GRACE)));
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            Optional<byte[]> value;
            try {
                value = handle(exchange);
            } catch (BadRequest e) {
                send(exchange, e.status, "text/plain; charset=utf-8", utf8(e.getMessage() + "\n"));
                dropTheRest(exchange.getRequestBody());
                return;
            } catch (IOException e) {
                e.printStackTrace();
                send(exchange, 500, "text/plain", utf8("The store failed, see its log\n"));
                return;
            }
            if (value.isPresent()) {
                send(exchange, 200, "application/octet-stream", value.get());
            } else {
                exchange.sendResponseHeaders(204, -1);
            }
        }
    }

    /** An IOException is one of the store; when the client goes away, that is a BadRequest. */
    private Optional<byte[]> handle(HttpExchange exchange) throws BadRequest, IOException {
        // The body first, whatever the answer will be: a connection with an unread body is closed.
        var isBatch = exchange.getRequestMethod().equals("POST");
        var body = readBody(exchange, isBatch ? Limits.MAX_BATCH : Limits.MAX_VALUE);
        var uri = exchange.getRequestURI();
        var route = exchange.getRequestMethod() + " " + uri.getPath();
        switch (route) {
            case "GET /kv" -> {
                var value = store.get(keyIn(uri.getRawQuery()));
                return Optional.of(value.orElseThrow(() -> new BadRequest(404, "There is no such key")));
            }
            case "PUT /kv" -> store.write(List.of(new Change(keyIn(uri.getRawQuery()), body)));
            case "DELETE /kv" -> store.write(List.of(Change.delete(keyIn(uri.getRawQuery()))));
            case "POST /batch" -> store.write(Batch.parse(body));
            default -> throw new BadRequest(404, "There is no " + route);
        }
        return Optional.empty();
    }

    private static String keyIn(String query) throws BadRequest {
        for (var pair : (query == null ? "" : query).split("&")) {
            if (pair.startsWith("key=")) {
                return Limits.checkKey(decode(pair.substring("key=".length())));
            }
        }
        throw new BadRequest("A key is missing");
    }

    /** Decodes to bytes first: what is not UTF-8 would else become replacement characters, and keys would collide. */
    private static String decode(String text) throws BadRequest {
        var bytes = URLDecoder.decode(text, StandardCharsets.ISO_8859_1).getBytes(StandardCharsets.ISO_8859_1);
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
        } catch (CharacterCodingException e) {
            throw new BadRequest("A key is text in UTF-8");
        }
    }

    /** The whole body; refuses it when it is too long, or when the client goes away before its end. */
    private static byte[] readBody(HttpExchange exchange, int limit) throws BadRequest {
        var headers = exchange.getRequestHeaders();
        var chunked = headers.containsKey("Transfer-Encoding");
        var known = headers.containsKey("Content-Length") && !chunked;
        var length = known ? Long.parseLong(headers.getFirst("Content-Length").strip()) : 0;
        if (length > limit) {
            throw new BadRequest(413, "At most " + limit + " bytes are accepted");
        }
        byte[] body;
        try {
            body = exchange.getRequestBody().readNBytes(limit + 1);
        } catch (IOException e) {
            throw new BadRequest("The body is not complete");
        }
        if (body.length > limit) {
            throw new BadRequest(413, "At most " + limit + " bytes are accepted");
        }
        if (body.length < length) {
            // The stream just ends when the client goes away.
            throw new BadRequest("The body is not complete");
        }
        return body;
    }

    private static void send(HttpExchange exchange, int status, String type, byte[] body) throws IOException {
        exchange.getResponseHeaders().set("Content-Type", type);
        // A length of 0 would mean that it is not known yet; -1 is for no bytes.
        exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
        exchange.getResponseBody().write(body);
        exchange.getResponseBody().flush();
    }

    /** Closing while the client is still sending would reset the connection, and the answer could get lost. */
    private static void dropTheRest(InputStream body) throws IOException {
        var buffer = new byte[8192];
        for (int dropped = 0, read; dropped < DROP_AT_MOST && (read = body.read(buffer)) >= 0; dropped += read) {}
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
