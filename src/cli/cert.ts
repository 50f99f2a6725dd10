/** `casp cert`: what clients must trust to reach the development server over https. */
import type { Command } from 'commander';
import { openLocalCertificate } from '../http/local-https.ts';
import { requireDataFolder } from './command-config.ts';
import { type CommandContext, createCommand, examples } from './context.ts';

interface CertFlags {
  readonly data?: string;
}

/** Prints where the certificate of the local authority lies, making it if there is none. */
export function createCertCommand(context: CommandContext): Command {
  const path = createCommand(
    context,
    'path',
    'print the file that holds the certificate of the local authority',
  )
    .option('--data <folder>', 'data folder of the server (default: as casp serve finds it)')
    .addHelpText('after', () =>
      examples(context, [
        ['cert path', 'print the file, making it if there is none'],
        ['cert path --data /tmp/casp', 'that of another server'],
      ]),
    )
    .action(async ({ data }: CertFlags) => {
      const dataFolder = requireDataFolder(context, data);
      const { authorityPath } = await openLocalCertificate({ dataFolder, now: context.now });
      context.writeOut(`${authorityPath}\n`);
    });
  return createCommand(context, 'cert', 'the local certificate authority that clients must trust for https')
    .addHelpText('after', () =>
      examples(context, [['cert path', 'for NODE_EXTRA_CA_CERTS and curl --cacert']]),
    )
    .addCommand(path);
}
