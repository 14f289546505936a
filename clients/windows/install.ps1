<#
.SYNOPSIS
Installs the tasks that tell Schoolgate who sits at this computer. Run it as an administrator, or from a computer start-up
script of Group Policy: a second time changes nothing but the settings.

.EXAMPLE
.\install.ps1 -Gate https://portal.school.example:8443 -Token (Get-Content \\server\secrets$\schoolgate-token.txt)
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory)][ValidatePattern('^https?://')][string]$Gate,
    [Parameter(Mandatory)][string]$Token
)

$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 2
$folder = "$env:ProgramData\Schoolgate"
New-Item -ItemType Directory -Force -Path $folder | Out-Null
# SYSTEM and Administrators, by their well-known names in every language; nobody inherits anything.
& icacls.exe $folder /inheritance:r /grant:r '*S-1-5-18:(OI)(CI)F' '*S-1-5-32-544:(OI)(CI)F' | Out-Null
if ($LASTEXITCODE -ne 0) { throw "the folder $folder could not be closed to others" }
Copy-Item -Force -LiteralPath (Join-Path $PSScriptRoot 'schoolgate-session.ps1') -Destination $folder
@{ gate = $Gate; token = $Token.Trim() } | ConvertTo-Json | Set-Content -Encoding UTF8 -LiteralPath (Join-Path $folder 'gate.json')

$script = Join-Path $folder 'schoolgate-session.ps1'
$run = { param($more) New-ScheduledTaskAction -Execute 'powershell.exe' `
    -Argument "-NoProfile -NonInteractive -ExecutionPolicy Bypass -File `"$script`" $more" }
$system = New-ScheduledTaskPrincipal -UserId 'S-1-5-18' -LogonType ServiceAccount -RunLevel Highest
$settings = New-ScheduledTaskSettingsSet -AllowStartIfOnBatteries -DontStopIfGoingOnBatteries -StartWhenAvailable `
    -MultipleInstances Queue -ExecutionTimeLimit (New-TimeSpan -Minutes 2)

# 8: the screen is unlocked; 7: it is locked (TASK_SESSION_STATE_CHANGE_TYPE).
$class = Get-CimClass -Namespace 'Root/Microsoft/Windows/TaskScheduler' -ClassName 'MSFT_TaskSessionStateChangeTrigger'
$unlock = New-CimInstance -CimClass $class -Property @{ StateChange = 8; Enabled = $true } -ClientOnly
$lock = New-CimInstance -CimClass $class -Property @{ StateChange = 7; Enabled = $true } -ClientOnly
# Signing out: event 23 of the local session manager.
$events = Get-CimClass -Namespace 'Root/Microsoft/Windows/TaskScheduler' -ClassName 'MSFT_TaskEventTrigger'
$log = 'Microsoft-Windows-TerminalServices-LocalSessionManager/Operational'
$query = "<QueryList><Query Path='$log'><Select>*[System[EventID=23]]</Select></Query></QueryList>"
$logoff = New-CimInstance -CimClass $events -Property @{ Subscription = $query; Enabled = $true } -ClientOnly
$every = New-ScheduledTaskTrigger -Once -At (Get-Date).Date -RepetitionInterval (New-TimeSpan -Minutes 5)

Register-ScheduledTask -Force -TaskName 'Schoolgate arrived' -Principal $system -Settings $settings `
    -Action (& $run '-Arrived') -Trigger (New-ScheduledTaskTrigger -AtLogOn), $unlock | Out-Null
Register-ScheduledTask -Force -TaskName 'Schoolgate session' -Principal $system -Settings $settings `
    -Action (& $run '') -Trigger $lock, $logoff, $every | Out-Null
