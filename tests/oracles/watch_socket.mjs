// Three graphql-ws clients watch one inbox; each goes on from its last cursor when the server went away. One JSON line per item.
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';

const [address, token, user, count] = process.argv.slice(2);
const query = 'subscription($u: ID!, $a: String) { notifications(userId: $u, after: $a) { id title cursor gap } }';

function watch(number) {
  let after = '0:0';
  const client = createClient({
    url: `ws://${address}/graphql`, webSocketImpl: WebSocket, retryAttempts: 0, lazy: true,
    connectionParams: { authorization: `Bearer ${token}` }, onNonLazyError: () => {},
  });
  const begin = () => client.subscribe({ query, variables: { u: user, a: after } }, {
    next: ({ data, errors }) => {
      if (!errors) after = data.notifications.cursor;
      console.log(JSON.stringify({ client: number, errors, ...data?.notifications }));
    },
    error: () => setTimeout(begin, 50),
    complete: () => setTimeout(begin, 50),
  });
  begin();
}

for (let number = 0; number < Number(count); number++) watch(number);
process.stdin.resume().on('end', () => process.exit()); // whoever started us has gone
